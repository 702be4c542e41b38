/** Installs a browser: Debian's package as root, else a download of Chrome for Testing. */

import { spawn } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { isAlive } from '../is-alive.ts'
import { makeFolder } from '../make-folder.ts'
import { BrowserNotFound, type FindOptions, findBrowser } from './find.ts'
import { browserCacheDir, realFiles } from './machine.ts'
import type { FoundBrowser } from './places.ts'

/** Runs a program to its end. `code` is 127 if the program did not start. `output` is stdout and stderr together. */
export type Run = (
  program: string,
  args: string[],
  env?: Record<string, string>,
) => Promise<{ code: number; output: string }>

/** All options. The defaults are this machine and the servers of Chrome for Testing. */
export type InstallOptions = FindOptions & {
  /** Called with a short line for people at each step, such as `downloading Chrome 145.0.7632.46 (40 of 160 MB)`. */
  onProgress?: (line: string) => void
  arch?: string
  isRoot?: boolean
  run?: Run
  /** Mirror for the download. The path is `<baseUrl>/<version>/<platform>/chrome-<platform>.zip`. */
  baseUrl?: string
  /** URL of the folder of `last-known-good-versions.json`. Default: `baseUrl` if given, else Google's list. */
  versionsUrl?: string
  /**
   * Time after which a download without new bytes fails, and the lookup of the version. The library itself would wait forever.
   * Default: 60 s.
   */
  stallMs?: number
}

const STALL_MS = 60_000

const byHand =
  'Install Google Chrome, Chromium or Microsoft Edge yourself, or set WHATSAPP_CHROME_EXECUTABLE to a browser, then start again.'

/**
 * Finds or installs a browser. Safe to call in several processes at once.
 * @throws BrowserNotFound as {@link findBrowser} and {@link installBrowser}
 */
export async function ensureBrowser(options: InstallOptions = {}): Promise<FoundBrowser> {
  return findBrowser(options) ?? (await installBrowser(options))
}

/**
 * Installs a browser and returns it. As root on Debian and its derivatives this is the distribution's `chromium`, which
 * includes the libraries it needs and gets security updates. Elsewhere it is stable Chrome for Testing in the user's cache.
 * @throws BrowserNotFound if both fail; `cause` is the last reason
 */
export async function installBrowser(options: InstallOptions = {}): Promise<FoundBrowser> {
  const { platform, run, aptWorks } = toolsOf(options)
  if (aptWorks && (await installFromApt(run, options.onProgress))) {
    const found = findBrowser({
      ...options,
      env: { ...(options.env ?? process.env), WHATSAPP_CHROME_EXECUTABLE: undefined },
    })
    if (found) return found
  }
  return await downloadChrome({ ...options, platform, run }, aptWorks)
}

/** This machine, or that of a test. `aptWorks`: packages can be installed. */
function toolsOf(options: InstallOptions): { platform: NodeJS.Platform; run: Run; aptWorks: boolean } {
  const platform = options.platform ?? process.platform
  const isRoot = options.isRoot ?? process.getuid?.() === 0
  const files = options.files ?? realFiles
  const aptWorks = platform === 'linux' && isRoot && files.isExecutable('/usr/bin/apt-get')
  return { platform, run: options.run ?? runProgram, aptWorks }
}

/**
 * Returns true if ffmpeg runs. As root on Debian it is installed, if need be; elsewhere a person installs it. Never fails: without it,
 * only media in the form that WhatsApp plays is sent.
 */
export async function ensureFfmpeg(options: InstallOptions = {}): Promise<boolean> {
  const { run, aptWorks } = toolsOf(options)
  const isThere = async () => (await run('ffmpeg', ['-version'])).code === 0
  if (await isThere()) return true
  if (!aptWorks) return false
  await updateLists(run, options.onProgress)
  return (await installPackages(run, ['ffmpeg'], options.onProgress)) && (await isThere())
}

const aptOptions = ['-y', '-q', '-o', 'DPkg::Lock::Timeout=300']
const aptEnv = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' }

/** Returns false if the distribution has no real `chromium` package, or could not install it. */
async function installFromApt(run: Run, onProgress: InstallOptions['onProgress']): Promise<boolean> {
  await updateLists(run, onProgress)
  const policy = await run('apt-cache', ['policy', 'chromium'], aptEnv)
  if (!hasCandidate(policy.output)) return false
  // Ubuntu's package only installs the snap, which needs snapd running and cannot open a profile outside $HOME.
  const about = await run('apt-cache', ['show', '--no-all-versions', 'chromium'], aptEnv)
  if (/\bsnapd?\b/i.test(about.output)) return false
  // Also installs the same browser without a window, which needs half the memory. Older releases lack this package.
  const shell = await run('apt-cache', ['policy', 'chromium-headless-shell'], aptEnv)
  const others = hasCandidate(shell.output) ? ['chromium-headless-shell'] : []
  // The server converts media with ffmpeg.
  return installPackages(run, ['chromium', ...others, 'ffmpeg'], onProgress)
}

/** Returns false if the packages could not be installed. */
async function installPackages(
  run: Run,
  packages: string[],
  onProgress: InstallOptions['onProgress'],
): Promise<boolean> {
  onProgress?.(`installing ${packages.join(' and ')} (apt-get install)`)
  const installed = await run(
    'apt-get',
    ['install', ...aptOptions, '--no-install-recommends', ...packages],
    aptEnv,
  )
  if (installed.code !== 0) onProgress?.(`apt-get install failed: ${lastLine(installed.output)}`)
  return installed.code === 0
}

/** True if the output of `apt-cache policy` names a version to install. */
function hasCandidate(policy: string): boolean {
  return /Candidate: *(?!\(none\))\S/.test(policy)
}

/**
 * Updates the package lists. Waits for another apt, because `DPkg::Lock::Timeout` does not cover the lock of the lists.
 * Ignores other failures, such as a broken third-party source, because `apt-get install` may still succeed.
 */
async function updateLists(run: Run, onProgress: InstallOptions['onProgress']): Promise<void> {
  onProgress?.('updating the package lists (apt-get update)')
  for (let attempt = 0; attempt < 60; attempt++) {
    const { code, output } = await run('apt-get', ['update', ...aptOptions], aptEnv)
    if (code === 0 || !/Could not get lock|Unable to lock/.test(output)) return
    await new Promise((resolve) => setTimeout(resolve, 5_000))
  }
}

type DownloadOptions = InstallOptions & { platform: NodeJS.Platform; run: Run }

async function downloadChrome(options: DownloadOptions, aptWorks: boolean): Promise<FoundBrowser> {
  const { platform, run, onProgress, baseUrl, stallMs = STALL_MS } = options
  const arch = options.arch ?? process.arch
  const target = targetFor(platform, arch)
  if (!target) {
    throw new BrowserNotFound(`Chrome for Testing has no build for ${platform} on ${arch}.`, byHand)
  }
  const cacheDir = options.cacheDir ?? browserCacheDir(options)
  const { install, Browser, BrowserPlatform } = await import('@puppeteer/browsers')
  const version = await stableVersion(options)
  // Unpacked in a temporary folder and moved as a whole, so that a killed download does not look like a browser.
  removeAbandoned(cacheDir)
  makeFolder(cacheDir)
  const partial = mkdtempSync(join(cacheDir, `partial-${process.pid}-`))
  const chrome = {
    cacheDir: partial,
    browser: Browser.CHROME,
    platform: BrowserPlatform[target],
    buildId: version,
    baseUrl,
  }
  try {
    await unlessStalled(stallMs, (touch) =>
      install({ ...chrome, unpack: false, downloadProgressCallback: progress(version, onProgress, touch) }),
    )
    // Unpacks what was downloaded, which may take minutes on a slow disk.
    const installed = await install(chrome)
    // `chrome/<platform>-<version>/…`: the second folder is moved.
    const inside = relative(partial, installed.executablePath)
    await checkStarts(installed.executablePath, platform, run, aptWorks, onProgress)
    const folder = join('chrome', inside.split(/[\\/]/)[1] ?? '')
    moveInto(join(partial, folder), join(cacheDir, folder))
    return { path: join(cacheDir, inside), kind: 'chrome', source: 'own' }
  } catch (error) {
    if (error instanceof BrowserNotFound) throw error
    throw new BrowserNotFound(
      `No browser was found, and Chrome could not be downloaded: ${reasonOf(error)}`,
      `Check the network. A proxy can be set in HTTPS_PROXY. ${byHand}`,
      { cause: error },
    )
  } finally {
    rmSync(partial, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Returns the platform name of the download; null if Chrome for Testing has no build, such as for Linux on ARM. The library would return the build for x64. */
function targetFor(platform: NodeJS.Platform, arch: string) {
  if (platform === 'linux') return arch === 'x64' ? 'LINUX' : null
  if (platform === 'darwin') return arch === 'arm64' ? 'MAC_ARM' : 'MAC'
  if (platform === 'win32') return arch === 'ia32' ? 'WIN32' : 'WIN64'
  return null
}

async function stableVersion({
  baseUrl,
  versionsUrl = baseUrl,
  onProgress,
  stallMs = STALL_MS,
}: InstallOptions): Promise<string> {
  onProgress?.('looking up the current stable Chrome')
  try {
    return await unlessStalled(stallMs, () => (versionsUrl ? versionAt(versionsUrl) : googlesVersion()))
  } catch (error) {
    throw new BrowserNotFound(
      `No browser was found, and the list of Chrome versions could not be read: ${reasonOf(error)}`,
      `Check the network. A proxy can be set in HTTPS_PROXY. ${byHand}`,
      { cause: error },
    )
  }
}

/** Returns the version of Google's list. */
async function googlesVersion(): Promise<string> {
  const { Browser, BrowserPlatform, resolveBuildId } = await import('@puppeteer/browsers')
  return resolveBuildId(Browser.CHROME, BrowserPlatform.LINUX, 'stable')
}

async function versionAt(url: string): Promise<string> {
  const response = await fetch(`${url}/last-known-good-versions.json`)
  if (!response.ok) throw new Error(`${response.url} returned ${response.status}`)
  const version = versionIn(await response.json())
  if (!version) throw new Error(`${response.url} names no stable version`)
  return version
}

/** Reads the version from `{ channels: { Stable: { version } } }`. It becomes a folder name, so only digits and dots are valid. */
function versionIn(list: unknown): string | null {
  const text = JSON.stringify(list) ?? ''
  return /"Stable":\{[^{}]*"version":"([\d.]+)"/.exec(text)?.[1] ?? null
}

function progress(version: string, onProgress: InstallOptions['onProgress'], touch: () => void) {
  let nextPercent = 0
  return (doneBytes: number, totalBytes: number) => {
    touch()
    const percent = totalBytes > 0 ? (100 * doneBytes) / totalBytes : 0
    if (percent < nextPercent) return
    nextPercent = percent + 20
    const mb = (bytes: number) => Math.round(bytes / 1e6)
    onProgress?.(`downloading Chrome ${version} (${mb(doneBytes)} of ${mb(totalBytes)} MB)`)
  }
}

/** Rejects if `work` neither ends nor calls `touch` for `ms`. The work goes on: the library cannot end it. */
async function unlessStalled<T>(ms: number, work: (touch: () => void) => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let fail: (error: Error) => void = () => {}
  const stalled = new Promise<never>((_, reject) => {
    fail = reject
  })
  const touch = () => {
    clearTimeout(timer)
    timer = setTimeout(() => fail(new Error(`nothing arrived for ${ms / 1000} s.`)), ms)
  }
  touch()
  return Promise.race([work(touch), stalled]).finally(() => clearTimeout(timer))
}

/**
 * Checks that the downloaded Chrome starts. It does not include the system libraries it needs, and slim containers lack
 * them; `--version` then fails at once. Skipped on Windows, where `--version` opens a window.
 */
async function checkStarts(
  path: string,
  platform: NodeJS.Platform,
  run: Run,
  aptWorks: boolean,
  onProgress: InstallOptions['onProgress'],
): Promise<void> {
  if (platform === 'win32') return
  let result = await run(path, ['--version'])
  if (result.code !== 0 && aptWorks) {
    onProgress?.('installing the libraries that Chrome needs (apt-get satisfy)')
    // Chrome for Testing lists what it needs in this file, one dependency a line.
    const needed = realFiles
      .head(join(dirname(path), 'deb.deps'))
      .trim()
      .split('\n')
      .join(', ')
    if (needed) await run('apt-get', ['satisfy', ...aptOptions, '--no-install-recommends', needed], aptEnv)
    result = await run(path, ['--version'])
  }
  if (result.code === 0) return
  throw new BrowserNotFound(
    `Chrome was downloaded, but does not start on this system: ${lastLine(result.output)}`,
    `System libraries are missing. A browser from the packages of the system includes them (on Debian: sudo apt-get install chromium). ${byHand}`,
  )
}

/** Moves the browser into place. If another install was faster, its browser of the same version is used. */
function moveInto(from: string, to: string): void {
  makeFolder(dirname(to))
  try {
    renameSync(from, to)
  } catch (error) {
    if (realFiles.list(to).length === 0) throw error
  }
}

/** Deletes the files of killed installs. Those of running processes stay. */
function removeAbandoned(cacheDir: string): void {
  for (const name of realFiles.list(cacheDir)) {
    const pid = Number(/^partial-(\d+)-/.exec(name)?.[1])
    if (pid && !isAlive(pid)) rmSync(join(cacheDir, name), { recursive: true, force: true })
  }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.trim() || 'no output'
}

/** Returns the reason of an error. The library's message lists its "providers" on several lines; the last line is the reason. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = error.cause instanceof Error ? error.cause.message : error.message
  return lastLine(inner.replace(/^ *- DefaultProvider: /m, ''))
}

const runProgram: Run = (program, args, env) =>
  new Promise((resolve) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-64_000)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => resolve({ code: 127, output: `${output}\n${error.message}` }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
