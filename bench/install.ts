/**
 * `npm run bench install`: what a user's disk and network get from the package: it is packed from dist/, installed into an
 * empty folder, and its packages and bytes are counted, with and without the optional ones. Needs the package registry.
 */
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installInto, packInto } from '../scripts/pack.ts'

const LARGEST = 8

type Figures = { packages: number; files: number; bytes: number; largest: [name: string, bytes: number][] }

const base = mkdtempSync(join(tmpdir(), 'bench-install-'))
try {
  const archive = await packInto(base)
  const rows: [string, Figures][] = []
  for (const [name, flags] of [
    ['npm install', []],
    ['npm install --omit=optional', ['--omit=optional']],
  ] as const) {
    const folder = join(base, `installed-${rows.length}`)
    mkdirSync(folder)
    await installInto(folder, archive, [...flags])
    rows.push([name, count(folder)])
  }
  console.log(`Archive: ${megabytes(lstatSync(archive).size)}\n`)
  console.log('| installed with | packages | files | on disk |\n|---|---|---|---|')
  for (const [name, { packages, files, bytes }] of rows)
    console.log(`| \`${name}\` | ${packages} | ${files} | ${megabytes(bytes)} |`)
  console.log('\n| largest folders | on disk |\n|---|---|')
  for (const [name, bytes] of rows[0]?.[1].largest ?? []) console.log(`| \`${name}\` | ${megabytes(bytes)} |`)
} finally {
  rmSync(base, { recursive: true, force: true, maxRetries: 5 })
}

/** Packages as npm lists them, ours included; bytes are those in the files, without what a file system rounds up. */
function count(folder: string): Figures {
  const modules = join(folder, 'node_modules')
  const { packages } = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'))
  const sizes = new Map<string, number>()
  let files = 0
  for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    files++
    const path = join(entry.parentPath, entry.name)
    const [first = '', second = ''] = path.slice(modules.length + 1).split(/[\\/]/)
    const name = first.startsWith('@') ? `${first}/${second}` : first
    sizes.set(name, (sizes.get(name) ?? 0) + lstatSync(path).size)
  }
  const sorted = [...sizes].sort(([, a], [, b]) => b - a)
  return {
    packages: Object.keys(packages).length,
    files,
    bytes: sorted.reduce((sum, [, bytes]) => sum + bytes, 0),
    largest: sorted.slice(0, LARGEST),
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
