/** Bundles the server and the double's page into dist/. Run by the bootstrap, or by hand as `npm run build`. */

import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { withLock } from './setup/lock.mjs'
import { inRoot, root } from './setup/paths.mjs'
import { SetupError, say, step } from './setup/progress.mjs'

/** @typedef {{ signature: string, files: string[] }} Stamp the sources of dist/, and its files */
/** @typedef {{ path: string, contents: Uint8Array }} File `path` is relative to dist/ */

const dist = inRoot('dist')
const stampPath = join(dist, '.build.json')

/**
 * Entry in dist/ → source. Those of src/browser are separate, because the bootstrap finds a browser before the server loads;
 * a thread has an entry of its own.
 */
const serverEntries = {
  main: 'src/cli/main.ts',
  'read-thread': 'src/store/read-thread.ts',
  'find-browser': 'src/browser/find.ts',
  'install-browser': 'src/browser/install.ts',
  'check-process': 'src/store/check-process.ts',
}
const pageEntry = 'simulator/page/main.ts'

/** Folders that are copied unchanged. Code finds them by `new URL('./<name>/', import.meta.url)`, from source and from dist/. */
const assets = {
  phone: 'simulator/control/phone',
  docs: 'src/faces/http/docs',
  migrations: 'src/store/migrations',
}

/**
 * The installed packages that are bundled all the same: a start loads them, and Node reads one file in a fraction of the time that
 * it needs to find and read the hundreds of theirs. The SDK shares its zod with the server.
 */
const bundledPackages = ['@modelcontextprotocol/server', 'fastify', 'ipaddr.js', 'pino', 'zod']

/** What esbuild leaves out besides: a program, which only code that runs from source needs, and compilers that Fastify never loads here. */
const neverBundled = ['esbuild', '@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler']

/** Files of development packages that pages load, with the files that their licence requires. */
const libraryAssets = {
  docs: [
    'LICENSE',
    'NOTICE',
    'swagger-ui-bundle.js',
    'swagger-ui-bundle.js.LICENSE.txt',
    'swagger-ui.css',
  ].map((name) => `node_modules/swagger-ui-dist/${name}`),
}

/** True if dist/ is missing, incomplete, or built from other sources. Takes a few milliseconds. */
export function isBuildStale() {
  const stamp = readStamp()
  if (!stamp || stamp.signature !== signature()) return true
  return !stamp.files.every((file) => existsSync(join(dist, file)))
}

/**
 * Builds dist/. Safe while a server runs from it: every file is replaced atomically, chunks (named by their content) before
 * the entries that import them. The chunks of the previous build stay, because a running server may still load them.
 * @param {{ fresh?: boolean }} [options] `fresh`: delete the previous build, as for a package
 * @throws {SetupError} if an entry is missing or the code does not compile
 */
export async function build({ fresh = false } = {}) {
  if (!existsSync(inRoot(serverEntries.main))) {
    throw new SetupError(`There is no ${serverEntries.main} to build.`, 'Restore it: git checkout -- src')
  }
  await step('building', async () => {
    // Computed first, so that a change during the build causes another build next time.
    const made = signature()
    const esbuild = await import('esbuild')
    const results = [esbuild.build(serverOptions())]
    if (existsSync(inRoot(pageEntry))) results.push(esbuild.build(pageOptions()))
    else say(`${pageEntry} is missing: the sandbox will not work`)
    try {
      const outputs = await Promise.all(results)
      publish(made, outputs.flatMap(filesOf), fresh)
    } catch (error) {
      if (!(error instanceof Error) || !('errors' in error)) throw error
      // esbuild has already printed each error with its location.
      throw new SetupError('The build failed, see above.', 'Fix the errors, then start again.', {
        cause: error,
      })
    } finally {
      // Otherwise its helper process would run as long as the server in this process.
      await esbuild.stop()
    }
  })
}

/**
 * Builds on every change, until the process ends.
 * @param {() => void} onBuilt called after each successful build; esbuild prints errors itself
 */
export async function watch(onBuilt) {
  const esbuild = await import('esbuild')
  /** @type {Map<string, File[]>} */
  const latest = new Map()
  /** @param {string} name @returns {import('esbuild').Plugin} */
  const publisher = (name) => ({
    name: 'publish',
    setup: ({ onEnd }) =>
      onEnd(async ({ errors, outputFiles = [], metafile }) => {
        if (errors.length > 0) return
        latest.set(name, filesOf({ outputFiles, metafile }))
        if (latest.size < contexts.length) return
        await withLock(
          () => {},
          async () => publish(signature(), [...latest.values()].flat()),
        )
        onBuilt()
      }),
  })
  const server = serverOptions()
  const contexts = [await esbuild.context({ ...server, plugins: [...server.plugins, publisher('server')] })]
  if (existsSync(inRoot(pageEntry))) {
    contexts.push(await esbuild.context({ ...pageOptions(), plugins: [publisher('page')] }))
  }
  await Promise.all(contexts.map((context) => context.watch()))
}

/** @returns {import('esbuild').BuildOptions & { write: false, metafile: true, plugins: import('esbuild').Plugin[] }} */
function serverOptions() {
  /** @type {{ dependencies?: Record<string, string> }} */
  const { dependencies = {} } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'))
  const entries = Object.entries(serverEntries).filter(([, source]) => existsSync(inRoot(source)))
  const hasShebang = readFileSync(inRoot(serverEntries.main), 'utf8').startsWith('#!')
  // Bundled CommonJS, such as ws, calls `require` for Node's modules. ES modules lack it.
  const shim = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`
  return {
    ...common(),
    entryPoints: entries.map(([out, source]) => ({ in: source, out })),
    platform: 'node',
    target: 'node20',
    format: 'esm',
    splitting: true,
    plugins: [withoutLanguages, withoutUndici],
    // Other installed packages are not bundled. Development packages of the sandbox are.
    external: [...Object.keys(dependencies), ...neverBundled]
      .filter((name) => !bundledPackages.includes(name))
      .flatMap((name) => [name, `${name}/*`]),
    banner: { js: hasShebang ? shim : `#!/usr/bin/env node\n${shim}` },
  }
}

/**
 * Leaves out zod's messages in 60 languages, which its index imports for everybody: an eighth of what a start loads, and 3 % of its
 * processor time. All messages of this program are English.
 * @type {import('esbuild').Plugin}
 */
const withoutLanguages = {
  name: 'without-languages',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js'`,
    })),
}

/**
 * Loads `node:http` in a way that leaves undici unloaded: an ES import of it reads all that it exports, and from Node 22 on three
 * of these are undici's, which takes several times as long to load as all the rest.
 * @type {import('esbuild').Plugin}
 */
const withoutUndici = {
  name: 'without-undici',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'node:http', namespace: 'builtin' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}')`,
    }))
  },
}

/** @returns {import('esbuild').BuildOptions & { write: false, metafile: true }} */
function pageOptions() {
  return {
    ...common(),
    entryPoints: [{ in: pageEntry, out: 'simulator-page' }],
    platform: 'browser',
    target: 'chrome120',
    format: 'iife',
  }
}

/** @returns {import('esbuild').BuildOptions & { write: false, metafile: true }} */
function common() {
  return {
    absWorkingDir: root,
    outdir: dist,
    bundle: true,
    write: false,
    // Lists what was bundled, for its licences.
    metafile: true,
    sourcemap: 'linked',
    // The maps refer to the sources beside dist/. A copy inside would double the size.
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
  }
}

/**
 * Returns the outputs of a build, and the licences of the packages in them.
 * @param {{ outputFiles: import('esbuild').OutputFile[], metafile?: import('esbuild').Metafile }} output
 * @returns {File[]}
 */
function filesOf({ outputFiles, metafile }) {
  const built = outputFiles.map(({ path, contents }) => ({ path: relative(dist, path), contents }))
  const packages = Object.keys(metafile?.inputs ?? {}).flatMap(
    // A module that esbuild leaves empty has a prefix.
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path.replace('(disabled):', '')) ?? [],
  )
  return [...built, ...[...new Set(packages)].flatMap(licenceOf)]
}

/** @param {string} folder of a package, relative to the checkout @returns {File[]} */
function licenceOf(folder) {
  const name = folder.replace(/^.*node_modules\//, '').replace('/', '-')
  const file = readdirSync(inRoot(folder)).find((one) => /^licen[cs]e\b/i.test(one))
  return file === undefined ? [] : [asset('licenses', folder, join(folder, file), `${name}.txt`)]
}

/**
 * @param {string} made
 * @param {File[]} built
 * @param {boolean} [fresh]
 */
function publish(made, built, fresh = false) {
  const before = fresh ? [] : (readStamp()?.files ?? [])
  const copied = Object.entries(assets).flatMap(([name, source]) =>
    filesBelow(source)
      .filter((path) => !path.endsWith('tsconfig.json'))
      .map((path) => asset(name, source, path)),
  )
  for (const [name, paths] of Object.entries(libraryAssets)) {
    copied.push(...paths.map((path) => asset(name, dirname(path), path)))
  }
  const entries = Object.keys(serverEntries).map((entry) => `${entry}.js`)
  const isEntry = (/** @type {File} */ file) => entries.includes(file.path)
  const files = [...copied, ...built].sort((a, b) => Number(isEntry(a)) - Number(isEntry(b)))
  for (const { path, contents } of files) replace(join(dist, path), contents)
  chmodSync(join(dist, 'main.js'), 0o755)
  const names = files.map(({ path }) => path)
  replace(stampPath, JSON.stringify({ signature: made, files: names }))
  // A running server loads chunks later, by their names. A migration that was renamed would be applied twice.
  const chunks = before.filter((path) => dirname(path) === '.')
  const keep = new Set([...names, ...chunks, '.build.json'].map((path) => join(dist, path)))
  for (const file of filesBelow('dist')) {
    if (!keep.has(inRoot(file))) rmSync(inRoot(file), { force: true })
  }
}

/** @param {string} name @param {string} source @param {string} path @param {string} [as] @returns {File} */
function asset(name, source, path, as = relative(source, path)) {
  return { path: join(name, as), contents: readFileSync(inRoot(path)) }
}

/**
 * Replaces a file atomically.
 * @param {string} path
 * @param {string | Uint8Array} contents
 */
function replace(path, contents) {
  mkdirSync(dirname(path), { recursive: true })
  const aside = `${path}.tmp-${process.pid}`
  writeFileSync(aside, contents)
  renameSync(aside, path)
}

/** Returns a hash of the names, sizes and times of all sources of dist/. It changes if a file is changed, added or removed. */
function signature() {
  const hash = createHash('sha256')
  const single = ['package.json', 'package-lock.json', 'scripts/build.mjs']
  const folders = ['src', 'simulator', 'clients/typescript/src/transport'].flatMap(filesBelow)
  for (const path of [...single, ...folders]) {
    if (path.endsWith('.test.ts')) continue
    const { size, mtimeMs } = statSync(inRoot(path))
    hash.update(`${path}\0${size}\0${mtimeMs}\n`)
  }
  return hash.digest('hex').slice(0, 32)
}

/** @param {string} folder @returns {string[]} relative to the checkout, in a stable order */
function filesBelow(folder) {
  if (!existsSync(inRoot(folder))) return []
  const entries = readdirSync(inRoot(folder), { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()
}

/** @returns {Stamp | null} */
function readStamp() {
  try {
    return JSON.parse(readFileSync(stampPath, 'utf8'))
  } catch {
    return null
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const fresh = process.argv.includes('--fresh')
    await withLock(
      ({ pid }) => say(`waiting for another setup of this checkout (process ${pid})`),
      () => build({ fresh }),
    )
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    say(`${error.message}\nsetup: ${error.hint}`)
    process.exitCode = 1
  }
}
