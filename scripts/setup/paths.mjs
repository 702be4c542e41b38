/** Paths in this checkout. */

import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout's folder, with links resolved, so that each checkout has one path. */
export const root = realpathSync(fileURLToPath(new URL('../..', import.meta.url)))

/** @param {...string} parts relative to the checkout */
export const inRoot = (...parts) => join(root, ...parts)

/**
 * Returns the script of a package's command. Node can run it directly, without a shell and without `.cmd` on Windows.
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
