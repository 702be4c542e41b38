/** The owner's directory of files to send: what is inside it is opened, and nothing leads out. */
import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openOwned } from './owned-file.ts'

let outside: string
let dir: string
beforeAll(() => {
  outside = mkdtempSync(join(tmpdir(), 'wma-owned-'))
  dir = join(outside, 'files')
  mkdirSync(join(dir, 'trips'), { recursive: true })
  mkdirSync(join(outside, 'files-of-others'))
  writeFileSync(join(outside, 'secret.txt'), 'secret')
  writeFileSync(join(outside, 'files-of-others', 'a.txt'), 'secret')
  writeFileSync(join(dir, 'route.pdf'), 'route')
  writeFileSync(join(dir, 'trips', 'map.png'), 'map')
  symlinkSync('trips/map.png', join(dir, 'inner'))
  symlinkSync('../secret.txt', join(dir, 'leads-out'))
  symlinkSync('/etc/passwd', join(dir, 'absolute'))
  symlinkSync('..', join(dir, 'parent'))
  symlinkSync('loop', join(dir, 'loop'))
  linkSync(join(dir, 'route.pdf'), join(dir, 'same.pdf'))
  execFileSync('mkfifo', [join(dir, 'pipe')])
})
afterAll(() => rmSync(outside, { recursive: true }))

async function text(name: string): Promise<string> {
  const { stream } = await openOwned(dir, name)
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

it.each([
  ['route.pdf', 'route'],
  ['trips/map.png', 'map'],
  ['trips/../route.pdf', 'route'],
  ['inner', 'map'],
  ['same.pdf', 'route'],
])('opens %s', async (name, content) => {
  expect(await text(name)).toBe(content)
})

it.each([
  ...['../secret.txt', 'trips/../../secret.txt', '../files-of-others/a.txt', '/etc/passwd', 'leads-out'],
  ...['absolute', 'parent/secret.txt', 'parent', 'loop', '.', '', 'trips', 'pipe', 'none', 'route.pdf/x'],
  ...['route.pdf\0.png', '..\\secret.txt', 'x'.repeat(5_000)],
])('does not open %j', async (name) => {
  await expect(openOwned(dir, name)).rejects.toMatchObject({ code: 'file_not_found' })
})

it('opens nothing if there is no directory', async () => {
  await expect(openOwned('', 'route.pdf')).rejects.toMatchObject({ code: 'invalid_input' })
  await expect(openOwned(join(dir, 'none'), 'a')).rejects.toMatchObject({ code: 'file_not_found' })
})
