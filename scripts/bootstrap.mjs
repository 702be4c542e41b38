/**
 * The entry point of a checkout: `node scripts/bootstrap.mjs <command> [args…]` (setup/commands.mjs lists the commands).
 * Works as the first command after a clone: it installs and builds what is missing, then runs the command.
 *
 * This file must also run on old versions of Node, so that they end with a sentence instead of a stack trace. It imports
 * the rest only after the version check.
 */

import { readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const [, needMajor, needMinor] = /^>=(\d+)\.(\d+)$/.exec(engines.node) || []
const [major, minor] = process.versions.node.split('.')

if (Number(major) < Number(needMajor) || (major === needMajor && Number(minor) < Number(needMinor))) {
  console.error(
    `setup: Node ${needMajor}.${needMinor} or newer is needed, and this is ${process.versions.node}. Install a newer version (https://nodejs.org), then start again.`,
  )
  process.exitCode = 1
} else {
  import('./setup/commands.mjs').then(({ main }) => main(process.argv.slice(2)))
}
