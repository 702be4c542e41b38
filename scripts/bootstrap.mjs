/**
 * The one way in: `node scripts/bootstrap.mjs <command> [args…]` (the list is in setup/commands.mjs). Works as the very first
 * command after a clone: it gets ready whatever is missing, then runs the command.
 *
 * This file must run on old versions of Node too, so that those end in a sentence and not in a stack trace: the rest
 * is imported only once the version is known to be right.
 */

import { readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const [, needMajor, needMinor] = /^>=(\d+)\.(\d+)$/.exec(engines.node) || []
const [major, minor] = process.versions.node.split('.')

if (Number(major) < Number(needMajor) || (major === needMajor && Number(minor) < Number(needMinor))) {
  console.error(
    `setup: Node ${needMajor}.${needMinor} or newer is needed, and this is ${process.versions.node}: install a newer one (https://nodejs.org) and start again.`,
  )
  process.exitCode = 1
} else {
  import('./setup/commands.mjs').then(({ main }) => main(process.argv.slice(2)))
}
