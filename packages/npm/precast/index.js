// Finds and starts the programs, which are in a package for each machine.
const { spawn } = require("node:child_process");

/** Where a program lies: `precast` or `precast-run`. */
function path(name) {
  const machine = `@precast/${process.platform}-${process.arch}`;
  try {
    return require.resolve(`${machine}/bin/${name}`);
  } catch {
    throw new Error(
      `the package ${machine} is not installed, which has ${name} for this machine; ` +
        "it is an optional dependency of precast: install without --omit=optional"
    );
  }
}

/** Ends this process as the program ends. */
function run(name) {
  const failed = (why) => {
    console.error(`error: ${why.message}`);
    process.exit(1);
  };
  let program;
  try {
    program = path(name);
  } catch (why) {
    failed(why);
  }
  const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
  const signals = ["SIGHUP", "SIGINT", "SIGTERM"];
  signals.forEach((signal) => process.on(signal, () => child.kill(signal)));
  child.on("error", failed);
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exit(code);
    }
    signals.forEach((other) => process.removeAllListeners(other));
    process.kill(process.pid, signal);
  });
}

module.exports = { path, run };
