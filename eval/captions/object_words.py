"""Words for the 80 kinds of objects of COCO: the words in which captions name them. Our own list."""

from __future__ import annotations

OBJECT_WORDS_NAME = "coco80-1"  # for signatures; another list needs another name

# A line a kind: its name in COCO, then other words, singular. "Orange" is a colour more often than a fruit, and only
# counts where it can be nothing else.
COCO_OBJECT_WORDS = """
person: man, woman, boy, girl, child, kid, baby, toddler, infant, guy, lady, gentleman, people, human, adult, teenager,
 teen, player, skateboarder, skier, snowboarder, surfer, rider, biker, cyclist, bicyclist, motorcyclist, pedestrian,
 passenger, driver, batter, pitcher, catcher, umpire, referee, spectator, crowd, tourist, hiker, worker, chef, cook,
 waiter, waitress, farmer, fisherman, soldier, policeman, officer, fireman, bride, groom, couple, mother, father, mom,
 dad, son, daughter, brother, sister, friend, student, teacher, swimmer, runner, jogger, dancer, musician, singer,
 cowboy, someone, somebody, skater, wakeboarder, climber, jockey, vendor, businessman
bicycle: bike, cycle, tricycle
car: automobile, sedan, suv, hatchback, taxi, cab, minivan, jeep, van, limousine
motorcycle: motorbike, moped, scooter, dirt bike, motor bike, motor cycle, motor scooter, vespa
airplane: plane, aeroplane, jet, aircraft, jetliner, airliner, biplane, fighter jet, jumbo jet, seaplane
bus: school bus, minibus, double decker, trolley bus
train: locomotive, passenger train, freight train, steam engine, subway train, tram, railcar
truck: lorry, pickup, pickup truck, pick up truck, fire truck, firetruck, fire engine, tow truck, dump truck, semi
boat: ship, sailboat, sail boat, canoe, kayak, raft, ferry, yacht, motorboat, rowboat, speedboat, gondola, dinghy,
 barge, vessel, tugboat
traffic light: stoplight, stop light, traffic signal, street light signal
fire hydrant: hydrant, fireplug
stop sign: stopsign
parking meter: parkingmeter
bench: park bench
bird: duck, pigeon, seagull, gull, goose, swan, owl, parrot, eagle, hawk, falcon, crow, sparrow, robin, rooster, hen,
 flamingo, penguin, ostrich, heron, peacock, pelican, stork, crane bird, hummingbird, parakeet, duckling, finch
cat: kitten, kitty, feline, tabby
dog: puppy, pup, canine, hound, poodle, terrier, retriever, bulldog, dachshund, chihuahua, labrador, corgi, spaniel,
 collie, dalmatian, greyhound, sheepdog, doggie, doggy, pug, beagle, husky, german shepherd
horse: pony, foal, colt, stallion, mare
sheep: lamb, ram, ewe
cow: cattle, bull, calf, ox, steer, oxen
elephant: pachyderm
bear: polar bear, grizzly, panda, black bear, brown bear, bear cub
zebra:
giraffe:
backpack: rucksack, knapsack, back pack
umbrella: parasol
handbag: purse, hand bag, shoulder bag, pocketbook
tie: necktie, bow tie, bowtie
suitcase: luggage, briefcase, baggage, suit case
frisbee: flying disc, flying disk
skis:
snowboard: snow board
sports ball: ball, baseball, basketball, football, soccer ball, tennis ball, volleyball, beach ball, rugby ball
kite: parasail
baseball bat: bat
baseball glove: mitt, catcher mitt, baseball mitt
skateboard: skate board
surfboard: surf board, boogie board, bodyboard
tennis racket: racket, racquet, tennis racquet
bottle: water bottle, wine bottle, beer bottle
wine glass: wineglass, goblet, champagne glass
cup: mug, teacup, coffee cup, tea cup
fork: pitchfork
knife: pocketknife, butter knife
spoon: tablespoon, teaspoon, ladle
bowl: soup bowl
banana:
apple:
sandwich: burger, hamburger, cheeseburger, sub, panini, grilled cheese, blt
orange: orange slice, orange fruit, mandarin, tangerine, clementine
broccoli: broccoli floret
carrot: baby carrot
hot dog: hotdog, frankfurter, corn dog, corndog, chili dog
pizza: pepperoni pizza
donut: doughnut
cake: cupcake, cheesecake, wedding cake, birthday cake, shortcake
chair: armchair, stool, recliner, high chair, seat, rocking chair, lawn chair, beach chair, deck chair
couch: sofa, loveseat, futon, settee
potted plant: houseplant, house plant, pot plant
bed: bunk bed, bunkbed, mattress
dining table: table, dinner table, kitchen table, picnic table, coffee table
toilet: urinal, commode, toilet bowl, toilet seat
tv: television, monitor, tv screen, flat screen, television set
laptop: laptop computer, notebook computer
mouse: computer mouse
remote: remote control, wii remote, wiimote, game controller, wii controller
keyboard: computer keyboard
cell phone: cellphone, phone, mobile phone, smartphone, smart phone, telephone, iphone
microwave: microwave oven
oven: stove, stovetop, range oven
toaster: toaster oven
sink: wash basin, washbasin
refrigerator: fridge, freezer
book: textbook, cookbook, novel
clock: clock tower, alarm clock, wristwatch
vase: flower vase
scissors: scissor, shears
teddy bear: teddy, stuffed bear, teddybear
hair drier: hair dryer, hairdryer, blow dryer, blow drier
toothbrush: tooth brush
"""

# Phrases that hold a word of the list and name no such object.
NOT_OBJECTS = """
hot dog stand, hot dog bun, mouse pad, mousepad, toilet paper, book bag, book shelf, book case, cat food, dog food,
dog house, dog park, dog bowl, dog bed, bird house, bird cage, bird feeder, bird bath, horse drawn, car park, car
seat, bus stop, bus station, bus shelter, train station, train track, train platform, boat house, boat dock, chair
lift, ski lift, ski slope, ski resort, ski pole, ski lodge, bed room, bed spread, table cloth, table top, cup holder,
cup cake, bottle opener, oven mitt, knife block, bear hug, apple tree, apple pie, apple juice, banana tree, banana
bread, carrot cake slice, orange juice, orange tree, baseball field, baseball game, baseball player, baseball team,
baseball uniform, baseball diamond, baseball stadium, baseball cap, baseball hat, basketball court, basketball game,
basketball hoop, football field, football game, soccer field, soccer game, tennis court, tennis match, seat belt,
couple of, remote area, remote location, jet ski, kite surfer, kite surfing, kite boarder, kite boarding, ball cap,
ball game, phone booth, telephone pole, telephone booth, telephone wire, clock face, kite string, fire place, bike
path, bike lane, bike rack, truck stop, sink hole, tie dye, tie dyed
"""
