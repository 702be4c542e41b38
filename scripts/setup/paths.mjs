/** Where things are in this checkout. */

import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout's folder, with links resolved, so that two ways to it are one. */
export const root = realpathSync(fileURLToPath(new URL('../..', import.meta.url)))

/** @param {...string} parts relative to the checkout */
export const inRoot = (...parts) => join(root, ...parts)

/**
 * The script behind a command that a package brings. Started with Node itself it needs no shell, and no `.cmd` on Windows.
 * @param {string} packageName
 * @param {string} [command] default: the package's only one
 */
export function binOf(packageName, command) {
  const folder = inRoot('node_modules', packageName)
  /** @type {{ bin: string | Record<string, string> }} */
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const script = typeof bin === 'string' ? bin : (bin[command ?? ''] ?? Object.values(bin)[0])
  if (!script) throw new Error(`${packageName} brings no command`)
  return join(folder, script)
}
