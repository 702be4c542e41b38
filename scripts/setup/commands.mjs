/** The commands of the bootstrap, and what each needs before it runs. */

import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync } from 'node:fs'
import module from 'node:module'
import { pathToFileURL } from 'node:url'
import { parseEnv } from 'node:util'
import { build, isBuildStale } from '../build.mjs'
import { runClientCheck } from './check-client.mjs'
import { runMcpCheck } from './check-mcp.mjs'
import { runChecks } from './checks.mjs'
import { runDev } from './dev.mjs'
import { withLock } from './lock.mjs'
import { installPackages, packagesAreInstalled } from './packages.mjs'
import { endWithNpm } from './parent.mjs'
import { inRoot } from './paths.mjs'
import { SetupError, say, step } from './progress.mjs'
import { runNode } from './run.mjs'
import { runTests } from './tests.mjs'

/**
 * `needs`: requirements besides the packages, which every command needs. `run` gets the arguments after the command and
 * resolves with the exit code; null if the command continues and ends the process itself.
 * @typedef {'build' | 'browser' | 'ffmpeg'} Need
 * @typedef {{ needs: Need[], run: (args: string[]) => Promise<number | null> }} Command
 */

/** The commands of a checkout. Any other name is a command of the server (src/cli/commands.ts), which knows them itself. */
/** @type {Record<string, Command>} */
const commands = {
  serve: { needs: ['build', 'browser'], run: (args) => runServer('serve', args) },
  sandbox: { needs: ['build', 'browser', 'ffmpeg'], run: (args) => runServer('sandbox', args) },
  dev: { needs: ['build', 'browser'], run: runDev },
  test: { needs: ['build', 'browser', 'ffmpeg'], run: runTests },
  check: { needs: [], run: () => runChecks() },
  'check:client': { needs: ['build', 'browser'], run: () => runClientCheck() },
  'check:mcp': { needs: ['build', 'browser'], run: () => runMcpCheck() },
  gen: { needs: [], run: (args) => runSource('scripts/generate-docs.ts', args) },
  soak: { needs: ['build', 'browser'], run: (args) => runSource('test/soak/soak.ts', args) },
  bench: { needs: ['build', 'browser'], run: runBench },
  bundle: { needs: [], run: (args) => runSource('scripts/bundle.ts', args) },
  screenshots: { needs: ['build', 'browser'], run: (args) => runSource('scripts/screenshots.ts', args) },
}

/**
 * Prepares and runs a command. Sets the exit code of the process.
 * @param {string[]} argv the command and its arguments
 */
export async function main([name = 'serve', ...args]) {
  endWithNpm()
  try {
    const command = (Object.hasOwn(commands, name) ? commands[name] : undefined) ?? ofServer(name)
    await prepare(command.needs)
    const namesBrowser = args.some((arg) => /^--chrome-executable(=|$)/.test(arg))
    if (command.needs.includes('browser') && !namesBrowser) await prepareBrowser(name)
    if (command.needs.includes('ffmpeg')) await prepareFfmpeg()
    const code = await command.run(args)
    if (code !== null) process.exitCode = code
  } catch (error) {
    process.exitCode = 1
    if (error instanceof SetupError) say(`${error.message}\nsetup: ${error.hint}`)
    else console.error(error)
    // The last line of `test` is always the count.
    if (name === 'test') console.log('0 passed, 0 failed')
  }
}

/** @type {(name: string) => Command} It calls a running server, or checks itself what is missing. */
const ofServer = (name) => ({ needs: ['build'], run: (args) => runServer(name, args) })

/** Installs packages and builds. Takes the lock only if there is work, so that a second start does not wait. */
async function prepare(/** @type {Need[]} */ needs) {
  const lacksPackages = () => !packagesAreInstalled()
  const lacksBuild = () => needs.includes('build') && isBuildStale()
  if (!lacksPackages() && !lacksBuild()) return
  const onWait = (/** @type {{ pid: number }} */ { pid }) =>
    say(`waiting for another setup of this checkout (process ${pid})`)
  await withLock(onWait, async ({ setWorker }) => {
    if (lacksPackages()) await installPackages(setWorker)
    if (lacksBuild()) await build()
  })
}

/**
 * Finds or installs a browser with the server's own built code. `serve` continues without a browser: the reason is printed
 * here, and the server returns it to clients that start a session.
 * @param {string} command
 */
async function prepareBrowser(command) {
  const env = { ...dotEnv(), ...process.env }
  try {
    const { findBrowser } = await importFile('dist', 'find-browser.js')
    if (findBrowser({ env })) return
    const { installBrowser } = await importFile('dist', 'install-browser.js')
    await step('installing a browser', () => installBrowser({ env, onProgress: say }))
  } catch (error) {
    if (!(error instanceof Error && 'hint' in error)) throw error
    if (command !== 'serve') throw new SetupError(error.message, String(error.hint), { cause: error })
    say(`${error.message}\nsetup: ${error.hint}`)
  }
}

/** Finds or installs ffmpeg. Without it the command runs all the same. */
async function prepareFfmpeg() {
  const { ensureFfmpeg } = await importFile('dist', 'install-browser.js')
  if (!(await ensureFfmpeg({ onProgress: say })))
    say(
      'ffmpeg was not found: only media in the form that WhatsApp plays is sent. Install it, then start again.',
    )
}

/** Reads `.env` for the name of the browser only. The server reads it again and reports its errors. Does not wait for a FIFO. */
function dotEnv() {
  try {
    const fd = openSync('.env', constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const text = readFileSync(fd, 'utf8')
    closeSync(fd)
    return parseEnv(text.replace(/^\ufeff/, ''))
  } catch {
    return {}
  }
}

/**
 * Runs the server in this process, so that signals reach it directly and no second Node starts.
 * @param {string} command
 * @param {string[]} args
 */
async function runServer(command, args) {
  // Node 22 and newer can cache compiled code between starts.
  const enableCompileCache = Reflect.get(module, 'enableCompileCache')
  if (typeof enableCompileCache === 'function') enableCompileCache()
  process.argv = [process.execPath, inRoot('dist', 'main.js'), command, ...args]
  await importFile('dist', 'main.js')
  return null
}

/** @param {string[]} parts @returns {Promise<any>} */
function importFile(...parts) {
  return import(pathToFileURL(inRoot(...parts)).href)
}

/**
 * Runs a TypeScript file of this repository without a build.
 * @param {string} file relative to the checkout
 * @param {string[]} args
 */
async function runSource(file, args) {
  if (!existsSync(inRoot(file))) {
    throw new SetupError(`There is no ${file}.`, `Restore it: git checkout -- ${file}`)
  }
  const { code } = await runNode(['--import', 'tsx', inRoot(file), ...args])
  return code
}

/** @param {string[]} args the benchmark's name first; `--all`: the table of all */
async function runBench([first = '', ...args]) {
  const name = first === '--all' ? 'all' : first
  const folder = inRoot('bench')
  const files = existsSync(folder) ? readdirSync(folder) : []
  const names = files.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -3))
  if (!names.includes(name)) {
    throw new SetupError(
      name ? `There is no benchmark ${name}.` : 'No benchmark was given.',
      names.length > 0 ? `Use: npm run bench -- <${names.join('|')}>` : 'The folder bench/ is empty.',
    )
  }
  return await runSource(`bench/${name}.ts`, args)
}
