/** README and the sandbox page, followed to the letter: every command in them that can run here is run. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verbs } from '../simulator/control/verbs.ts'
import { openSimulator } from '../simulator/open-simulator.ts'
import { type Harness, openHarness } from './harness.ts'

const ROOT = resolve(import.meta.dirname, '..')
const page = (name: string) => readFileSync(join(ROOT, name), 'utf8')

/** The commands of a page's shell blocks, continued lines joined. */
function commands(name: string): string[] {
  const blocks = [...page(name).matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '')
  return blocks
    .flatMap((block) => block.replace(/\\\n\s*/g, ' ').split('\n'))
    .filter((line) => line.trim() !== '')
}

let harness: Harness
let phone: string
beforeAll(async () => {
  const simulator = await openSimulator({
    dataDir: null,
    pace: 'none',
    control: { host: '127.0.0.1', port: 0 },
  })
  harness = await openHarness({ simulator })
  phone = simulator.controlUrl ?? ''
})
afterAll(async () => {
  const { simulator } = harness
  await harness.close()
  await simulator.close()
})

/** Run it as printed, but against this server, this phone and a contact of this world. */
function run(command: string): Promise<string> {
  const contact = harness.world.state().contacts[0]?.phone ?? ''
  const line = command
    .replaceAll(/http:\/\/127\.0\.0\.1:(8790|8890)/g, harness.url)
    .replaceAll('http://127.0.0.1:8891', phone)
    .replaceAll('+15551234567', `+${contact}`)
  return new Promise((done, reject) => {
    const child = spawn('sh', ['-c', line.replace(/\bcurl\b/, 'curl -sS')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (data) => {
      out += data
    })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? done(out) : reject(new Error(`${line}: exit ${code}`))))
  })
}

describe('README', () => {
  it('names two commands that package.json has', () => {
    const scripts = JSON.parse(page('package.json')).scripts
    const named = commands('README.md').flatMap((line) =>
      [...line.matchAll(/npm (?:run )?([\w:-]+)/g)].map((match) => match[1] ?? ''),
    )
    expect(named).toEqual(expect.arrayContaining(['sandbox', 'start']))
    for (const name of named) expect(Object.keys(scripts)).toContain(name)
  })

  it('has calls that do what it says', async () => {
    const [start, code, send] = commands('README.md').filter((line) => line.startsWith('curl'))
    expect(JSON.parse(await run(start ?? '')).state).toBe('qr')
    const { already_authenticated, code: pairingCode } = JSON.parse(await run(code ?? ''))
    expect(already_authenticated).toBe(false)
    expect(pairingCode).toMatch(/^[0-9A-Z]{8}$/)
    await harness.post('/api/logout')
    await harness.link()
    expect(JSON.parse(await run(send ?? ''))).toMatchObject({ ok: true })
    await harness.post('/api/logout')
  })

  it('links only to pages that exist', () => {
    for (const name of [
      'README.md',
      'CONTRIBUTING.md',
      ...readdirSync(join(ROOT, 'docs')).map((file) => `docs/${file}`),
    ]) {
      if (!name.endsWith('.md')) continue
      for (const [, target = ''] of page(name).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        expect(existsSync(resolve(ROOT, name, '..', target)), `${name} -> ${target}`).toBe(true)
      }
    }
  })
})

describe('docs/sandbox.md', () => {
  it('has calls that work, in their order', async () => {
    for (const command of commands('docs/sandbox.md').filter((line) => line.startsWith('curl'))) {
      expect(await run(command), command).not.toContain('"error"')
    }
    await harness.until('ready')
  })

  it('names every verb of the control API', () => {
    const text = page('docs/sandbox.md')
    const spelled = (verb: string) => verb.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    for (const verb of Object.keys(verbs))
      expect(text).toMatch(new RegExp(`\`?(/control/)?${spelled(verb)}\\b`))
  })
})
