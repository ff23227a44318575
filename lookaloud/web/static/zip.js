// Writes a ZIP archive without compression: sound files are compressed already.
// The format is PKWARE's APPNOTE 6.3.10; bit 11 of the flags says that names are UTF-8.
const FLAGS = 1 << 11;
const VERSION = 20;
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = table[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

// Numbers as [value, bytes] pairs, lowest byte first.
function record(...fields) {
  const bytes = [];
  for (const [value, length] of fields) for (let at = 0; at < length; at++) bytes.push((value / 2 ** (8 * at)) & 0xff);
  return Uint8Array.from(bytes);
}

// The archive, as a Blob, of [name, Blob] pairs. At most 65,535 files and 4 GB, as ZIP without its 64-bit extension.
export async function zip(files, now = new Date()) {
  const parts = [];
  const directory = [];
  let offset = 0;
  const date = ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate();
  const time = (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1);
  for (const [name, blob] of files) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const path = new TextEncoder().encode(name);
    const common = [
      [VERSION, 2], [FLAGS, 2], [0, 2], [time, 2], [date, 2], [crc32(bytes), 4], [bytes.length, 4], [bytes.length, 4],
      [path.length, 2], [0, 2],
    ];
    const head = record([0x04034b50, 4], ...common);
    parts.push(head, path, bytes);
    directory.push(record([0x02014b50, 4], [VERSION, 2], ...common, [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]), path);
    offset += head.length + path.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record(
    [0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [size, 4], [offset, 4], [0, 2],
  );
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
