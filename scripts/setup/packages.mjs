/** Installs the packages that package-lock.json names, when they are not all there. */

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { inRoot } from './paths.mjs'
import { SetupError, say, step } from './progress.mjs'
import { runNode } from './run.mjs'

/** @typedef {{ version?: string, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} LockEntry */
/** @typedef {{ packages: Record<string, LockEntry> }} LockFile */
/** @typedef {{ key: string, packages: string[] }} Stamp */

// Inside node_modules, so that whatever replaces that folder takes the stamp with it.
const stampPath = inRoot('node_modules', '.setup-stamp.json')

/**
 * True when everything that the lock file names is installed for this Node and platform. A few milliseconds.
 * Packages that somebody installed with npm on their own count, once they are seen to fit.
 */
export function packagesAreInstalled() {
  const stamp = readJson(stampPath)
  if (isStamp(stamp) && stamp.key === stampKey()) return stamp.packages.every(isThere)
  const packages = installedByNpm()
  if (packages) writeStamp(packages)
  return packages !== null
}

/**
 * Runs `npm ci` to the end. A run that is killed leaves no stamp, so the next start does it again.
 * @param {(pid: number | null) => void} onWorker told the pid of npm while it runs
 * @throws {SetupError} when npm fails, with the reason that people can mend
 */
export async function installPackages(onWorker) {
  await step('installing packages (npm ci)', async () => {
    rmSync(stampPath, { force: true })
    // --include=dev, whatever NODE_ENV and npm's own settings leave out: the server is built on this machine.
    const flags = ['--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
    const { code, output } = await runNode([npmScript(), 'ci', ...flags], {
      capture: true,
      onStart: onWorker,
      // npm itself goes on for most of a minute after a signal (arborist, lib/signal-handling.js).
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

/** Changes with the lock file, and with what decides which binaries fit. */
function stampKey() {
  const { platform, arch, versions } = process
  const [major] = versions.node.split('.')
  const hash = createHash('sha256').update(readFileSync(inRoot('package-lock.json')))
  return `${hash.digest('hex').slice(0, 32)} node${major} ${platform} ${arch}`
}

/**
 * The folders of the installed packages if they are those of the lock file, else null. npm writes its own list of them
 * (`.package-lock.json`) at the very end of an install.
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
 * Optional packages are left out where they do not fit the platform; those that fit hold esbuild's and Biome's programs.
 * Whether a Linux has glibc or musl is not looked up: of such a pair, either may be missing.
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
    // A checkout that we may only read: then everything is looked up again at each start.
  }
}

/**
 * npm's own script: the npm that started us, else the one beside this Node. Never a shell, so no quoting.
 * @throws {SetupError} when there is none
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
    last.find((line) => !/^(code|errno|syscall|network This is)/.test(line)) ?? 'npm said nothing.'
  /** @type {[RegExp, string][]} */
  const hints = [
    [
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/,
      'The package registry cannot be reached: check the network, or the proxy that npm is set to use, and start again.',
    ],
    [
      /CERT|SELF_SIGNED/,
      'Tell npm about the certificate of your network (npm config set cafile …) and start again.',
    ],
    [/ENOSPC/, 'Free some disk space and start again.'],
    [
      /EACCES|EPERM|EROFS/,
      'Make this folder writable for your user (or close what uses its files) and start again.',
    ],
    [/EUSAGE/, 'package-lock.json does not fit package.json: run `npm install` and start again.'],
    [/EINTEGRITY/, 'Run `npm cache clean --force` and start again.'],
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

/** @param {string} path @returns {unknown} null when there is no such file, or only half of one */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}
