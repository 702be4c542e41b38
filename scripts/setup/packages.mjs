/** Installs the packages of package-lock.json, if some are missing. */

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { inRoot } from './paths.mjs'
import { SetupError, say, step } from './progress.mjs'
import { runNode } from './run.mjs'

/** @typedef {{ version?: string, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} LockEntry */
/** @typedef {{ packages: Record<string, LockEntry> }} LockFile */
/** @typedef {{ key: string, packages: string[] }} Stamp */

// Inside node_modules, so that replacing that folder also removes the stamp.
const stampPath = inRoot('node_modules', '.setup-stamp.json')

/**
 * True if all packages of the lock file are installed for this Node and platform. Takes a few milliseconds.
 * Packages that the user installed with npm count too, if they match.
 */
export function packagesAreInstalled() {
  const stamp = readJson(stampPath)
  if (isStamp(stamp) && stamp.key === stampKey()) return stamp.packages.every(isThere)
  const packages = installedByNpm()
  if (packages) writeStamp(packages)
  return packages !== null
}

/**
 * Runs `npm ci` to the end. A killed run leaves no stamp, so the next start runs it again.
 * @param {(pid: number | null) => void} onWorker called with the pid of npm while it runs
 * @throws {SetupError} if npm fails, with the reason and the next step
 */
export async function installPackages(onWorker) {
  await step('installing packages (npm ci)', async () => {
    rmSync(stampPath, { force: true })
    // --include=dev, independent of NODE_ENV and npm's settings, because the server is built on this machine.
    const flags = ['--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
    const { code, output } = await runNode([npmScript(), 'ci', ...flags], {
      capture: true,
      onStart: onWorker,
      // npm continues for most of a minute after a signal (arborist, lib/signal-handling.js).
      onCut: () => say('stopped: not all packages are installed. The next start installs them again.'),
    })
    onWorker(null)
    if (code !== 0) throw explain(output)
    const packages = installedByNpm()
    if (!packages) {
      throw new SetupError(
        'npm ci succeeded, but node_modules does not contain all packages of package-lock.json.',
        'Delete the folder node_modules and start again.',
      )
    }
    writeStamp(packages)
  })
}

/** Returns a key that changes with the lock file, and with the facts that select binaries. */
function stampKey() {
  const { platform, arch, versions } = process
  const [major] = versions.node.split('.')
  const hash = createHash('sha256').update(readFileSync(inRoot('package-lock.json')))
  return `${hash.digest('hex').slice(0, 32)} node${major} ${platform} ${arch}`
}

/**
 * Returns the folders of the installed packages if they match the lock file, else null. npm writes its own list
 * (`.package-lock.json`) at the end of an install.
 */
function installedByNpm() {
  const wanted = lockFile(inRoot('package-lock.json'))
  const installed = lockFile(inRoot('node_modules', '.package-lock.json'))
  if (!wanted || !installed) return null
  const folders = Object.keys(wanted.packages).filter((folder) => folder !== '')
  const fits = folders.every((folder) => {
    const want = wanted.packages[folder] ?? {}
    const have = installed.packages[folder]
    return have ? have.version === want.version && isThere(folder) : mayBeMissing(want)
  })
  return fits ? folders.filter((folder) => installed.packages[folder]) : null
}

/**
 * True if a package may be missing. npm skips optional packages for other platforms; those for this platform contain the
 * programs of esbuild and Biome. glibc and musl are not distinguished: either package of such a pair may be missing.
 * @param {LockEntry} entry
 */
function mayBeMissing({ optional, os, cpu, libc }) {
  if (!optional) return false
  const fits = os?.includes(process.platform) && cpu?.includes(process.arch)
  return !fits || libc !== undefined
}

/** @param {string} folder */
function isThere(folder) {
  return existsSync(inRoot(folder, 'package.json'))
}

/** @param {string[]} packages */
function writeStamp(packages) {
  try {
    writeFileSync(stampPath, JSON.stringify({ key: stampKey(), packages }))
  } catch {
    // The checkout is read-only: each start checks all packages again.
  }
}

/**
 * Returns npm's own script: the npm that started this process, else the npm of this Node. Needs no shell, so no quoting.
 * @throws {SetupError} if there is none
 */
export function npmScript() {
  const current = process.env.npm_execpath
  const nodeDir = dirname(process.execPath)
  const tries = [
    ...(current && /^np[mx]-cli\.c?js$/.test(basename(current)) ? [current] : []),
    join(nodeDir, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(nodeDir, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(nodeDir, '..', 'share', 'nodejs', 'npm', 'bin', 'npm-cli.js'),
  ]
  const found = tries.find((script) => existsSync(script))
  if (found) return found.replace(/npx-cli(\.c?js)$/, 'npm-cli$1')
  throw new SetupError(
    'npm was not found for this Node.',
    'Run `npm ci --include=dev` yourself, then start again.',
  )
}

/** @param {string} output of npm */
function explain(output) {
  const last = output
    .split('\n')
    .filter((line) => line.startsWith('npm error') && !/complete log of this run|npm error\s*$/.test(line))
    .map((line) => line.replace(/^npm error\s*/, ''))
  const reason =
    last.find((line) => !/^(code|errno|syscall|network This is)/.test(line)) ?? 'npm printed no reason.'
  /** @type {[RegExp, string][]} */
  const hints = [
    [
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/,
      'The package registry cannot be reached. Check the network, or the proxy in the settings of npm, then start again.',
    ],
    [
      /CERT|SELF_SIGNED/,
      'Add the certificate of your network to npm (npm config set cafile …), then start again.',
    ],
    [/ENOSPC/, 'Free disk space, then start again.'],
    [
      /EACCES|EPERM|EROFS/,
      'Make this folder writable for your user, or close the programs that use its files, then start again.',
    ],
    [/EUSAGE/, 'package-lock.json does not match package.json. Run `npm install`, then start again.'],
    [/EINTEGRITY/, 'Run `npm cache clean --force`, then start again.'],
  ]
  const hint = hints.find(([pattern]) => pattern.test(output))?.[1]
  return new SetupError(
    `The packages could not be installed: ${reason}`,
    hint ?? 'Run `npm ci --include=dev` to see the full output of npm, then start again.',
  )
}

/** @param {string} path @returns {LockFile | null} */
function lockFile(path) {
  const value = readJson(path)
  return value && typeof value === 'object' && 'packages' in value ? /** @type {LockFile} */ (value) : null
}

/** @param {unknown} value @returns {value is Stamp} */
function isStamp(value) {
  return !!value && typeof value === 'object' && 'key' in value && 'packages' in value
}

/** @param {string} path @returns {unknown} null if the file is missing or incomplete */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}
