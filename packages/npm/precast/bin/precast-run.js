#!/usr/bin/env node
require("../index.js").run("precast-run");
