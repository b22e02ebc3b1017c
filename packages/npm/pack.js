// Makes the npm packages of programs that are built:
//
//     node packages/npm/pack.js BIN_DIR OUT_DIR [CPU]
//
// `precast`, which finds the programs, and `@precast/linux-CPU`, which has
// BIN_DIR/precast and BIN_DIR/precast-run. CPU is Node's name of it: x64, arm64,
// riscv64; by default this machine's. The version is the workspace's.
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const { join, resolve } = require("node:path");

const [bin, out, cpu = process.arch] = process.argv.slice(2);
if (out === undefined) {
  console.error("usage: node packages/npm/pack.js BIN_DIR OUT_DIR [CPU]");
  process.exit(2);
}
const root = resolve(__dirname, "../..");
const manifest = fs.readFileSync(join(root, "Cargo.toml"), "utf8");
const version = manifest.match(/^version = "(.*)"$/m)[1];

/** Packs a folder with a description. */
function pack(folder, description) {
  fs.writeFileSync(join(folder, "package.json"), JSON.stringify(description, null, 2));
  for (const license of ["LICENSE-MIT", "LICENSE-APACHE"]) {
    fs.copyFileSync(join(root, license), join(folder, license));
  }
  execFileSync("npm", ["pack", "--silent", "--pack-destination", resolve(out)], { cwd: folder });
}

fs.mkdirSync(out, { recursive: true });
const work = fs.mkdtempSync(join(os.tmpdir(), "precast-npm-"));
try {
  const main = join(work, "precast");
  fs.cpSync(join(__dirname, "precast"), main, { recursive: true });
  const described = JSON.parse(fs.readFileSync(join(main, "package.json"), "utf8"));
  described.version = version;
  for (const name of Object.keys(described.optionalDependencies)) {
    described.optionalDependencies[name] = version;
  }
  pack(main, described);

  const machine = join(work, "machine");
  fs.mkdirSync(join(machine, "bin"), { recursive: true });
  for (const program of ["precast", "precast-run"]) {
    fs.copyFileSync(join(bin, program), join(machine, "bin", program));
    fs.chmodSync(join(machine, "bin", program), 0o755);
  }
  pack(machine, {
    name: `@precast/linux-${cpu}`,
    version,
    description: `The programs of precast for Linux on ${cpu}`,
    license: described.license,
    os: ["linux"],
    cpu: [cpu],
    libc: ["glibc"],
  });
} finally {
  fs.rmSync(work, { recursive: true });
}
