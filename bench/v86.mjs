// Runs one benchmark image in v86 (for bench/compare): node v86.mjs V86_FOLDER BIOS_FOLDER
// IMAGE. What the image sends to the serial port is printed; the status is that of QEMU's
// isa-debug-exit.
import fs from "node:fs";
import path from "node:path";
import url from "node:url";

const [folder, bios, file] = process.argv.slice(2);
const { V86 } = await import(url.pathToFileURL(path.join(folder, "libv86.mjs")).href);
const image = fs.readFileSync(file);
let text = "";

const emulator = new V86({
  wasm_path: path.join(folder, "v86.wasm"),
  memory_size: 128 << 20,
  vga_memory_size: 2 << 20,
  bios: { url: path.join(bios, "bios.bin") },
  vga_bios: { url: path.join(bios, "vgabios-stdvga.bin") },
  multiboot: {
    buffer: image.buffer.slice(image.byteOffset, image.byteOffset + image.byteLength),
  },
  disable_speaker: true,
  autostart: false,
});
emulator.add_listener("serial0-output-byte", (byte) => {
  text += String.fromCharCode(byte);
});
emulator.add_listener("emulator-ready", () => {
  const end = (value) => {
    process.stdout.write(text, () => process.exit((value << 1) | 1));
  };
  emulator.v86.cpu.io.register_write(0xf4, null, end, end, end);
  emulator.run();
});
