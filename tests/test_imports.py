"""Who may import whom: the table of CONTRIBUTING.md, and no circles."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT, GROUND, IMAGES = Path(__file__).parents[1], "lookaloud.ground.", "captioner.picture."
MAY = {"captioner": (GROUND,), "speech": (GROUND,), "eval": ("speech.", IMAGES, GROUND), "lookaloud": ("",)}
FILES = {".".join(file.relative_to(ROOT).with_suffix("").parts): file for p in MAY for file in (ROOT / p).rglob("*.py")}
TREES = {name.removesuffix(".__init__"): ast.parse(file.read_text("utf-8")) for name, file in FILES.items()}


def imports(node: ast.AST, deep: bool) -> set[str]:
    """The modules that are imported there when the program runs; with `deep`, also within functions."""
    found: set[str] = set()
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            start = getattr(child, "module", "")
            names = {f"{start}.{each.name}".strip(".") for each in child.names}
            found |= {name if name in TREES else start for name in names}
        elif (deep or not isinstance(child, ast.FunctionDef)) and "TYPE_CHECKING:" not in ast.unparse(child)[:17]:
            found |= imports(child, deep)
    return found & TREES.keys()


def test_packages_import_what_they_may_and_never_in_circles() -> None:
    for name, tree in TREES.items():
        may = (GROUND,) if f"{name}.".startswith(GROUND) else (name.partition(".")[0], *MAY[name.partition(".")[0]])
        assert [each for each in imports(tree, True) if not f"{each}.".startswith(may)] == [], name
    TopologicalSorter({name: imports(tree, False) - {name} for name, tree in TREES.items()}).prepare()
