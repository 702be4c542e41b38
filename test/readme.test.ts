/** README and docs, followed to the letter: every command line that can run in the sandbox is pasted into a shell, as it stands. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildOfRun } from '../simulator/builds.ts'
import { verbs } from '../simulator/control/verbs.ts'
import {
  call,
  ended,
  endPrograms,
  link,
  MAIN,
  openSandbox,
  type Sandbox,
  statusOf,
  stop,
  temp,
} from './program.ts'

const ROOT = resolve(import.meta.dirname, '..')
const page = (name: string) => readFileSync(join(ROOT, name), 'utf8')
const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .map((file) => `docs/${file.replaceAll('\\', '/')}`)

/** Blocks that are not pasted say so by the word behind `sh`: why is here, and nowhere else. */
const NOT_PASTED: Record<string, string> = {
  once: 'installs, or is the sandbox itself',
  'own-account': 'is for the account of the reader, whom no test may link',
  'own-cursor': 'names a cursor that only the reader has',
  'own-id': 'names an item, a key or a file that only the reader has',
  'no-server': 'is for a directory on which no server runs',
  'other-build': 'needs another build of WhatsApp Web than the newest',
  settings: 'changes settings of the server before it starts',
}

type Block = { page: string; line: number; word: string; text: string }

/** The shell blocks of a page, in their order. */
function blocksOf(name: string): Block[] {
  const text = page(name)
  return [...text.matchAll(/^```sh(?: (\S+))?\n([\s\S]*?)^```$/gm)].map((match) => ({
    page: name,
    line: text.slice(0, match.index).split('\n').length,
    word: match[1] ?? '',
    text: match[2] ?? '',
  }))
}

const blocks = ['README.md', ...docs].flatMap(blocksOf)
const pasted = blocks.filter(({ word }) => word === '')

/** What a person who pastes has around it: a failure of curl is one of the command, and a stream is left after a second. */
const AROUND = `set -e
curl() {
  case " $* " in
    *" -N "*) command curl -sS --fail-with-body --max-time 1 "$@" || [ $? -eq 28 ] ;;
    *) command curl -sS --fail-with-body "$@" ;;
  esac
}
`

describe('pasted into a shell beside the sandbox', () => {
  let sandbox: Sandbox
  let home: string
  beforeAll(async () => {
    home = temp()
    // As an installed package has it on the PATH.
    const bin = join(home, 'bin')
    mkdirSync(bin)
    writeFileSync(
      join(bin, 'whatsapp-mcp-api'),
      `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} ${JSON.stringify(MAIN)} "$@"\n`,
      { mode: 0o755 },
    )
    writeFileSync(join(home, 'photo.jpg'), Buffer.from('ffd8ffe000104a46494600010100', 'hex'))
    writeFileSync(join(home, 'invoice.pdf'), '%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n')
    sandbox = await openSandbox(temp(), ['--linked'])
  })
  afterAll(async () => {
    if (sandbox !== undefined) await stop(sandbox)
    await endPrograms()
  })

  /** Files that a command writes go to the home of the test, whatever stands in the folder that npm needs. */
  const paste = (text: string) => {
    const cwd = text.includes('npm ') ? ROOT : home
    const here = text
      .replaceAll('http://127.0.0.1:8890', sandbox.url)
      .replaceAll('http://127.0.0.1:8891', sandbox.phone)
    const { PATH = '' } = process.env
    const env = {
      HOME: home,
      XDG_CONFIG_HOME: join(home, '.config'),
      PATH: `${join(home, 'bin')}:${PATH}`,
      WHATSAPP_MCP_URL: sandbox.url,
    }
    return ended(['-c', AROUND + here], { cwd, env }, 'bash')
  }

  // First: the pages below forget the chat, and log out.
  it('README: what it sends arrives, what it asks for is there, and its agent is led to the sandbox', async () => {
    const blocks = blocksOf('README.md').filter(({ word }) => word === '')
    const find = (words: string) => blocks.find(({ text }) => text.includes(words))?.text ?? ''
    expect((await paste(find('/api/send'))).out).toContain('"chat_id":"15551234567@c.us"')
    const reading = await paste(find('q=dinner'))
    expect(reading.out).toContain('"snippet":')
    expect(reading.out).toContain('Noor Haddad')
    await paste(find('mcp-config'))
    const config = readFileSync(join(home, '.config/Claude/claude_desktop_config.json'), 'utf8')
    expect(JSON.parse(config).mcpServers.whatsapp.args.slice(-3)).toEqual(['stdio', '--url', sandbox.url])
  })

  /** Each page begins without the accounts that another one added. */
  let read = ''
  async function removeAccounts(): Promise<void> {
    const { accounts } = (await call(`${sandbox.url}/api/accounts`)) as { accounts: { id: string }[] }
    const added = accounts.filter(({ id }) => id !== 'default')
    for (const { id } of added) await fetch(`${sandbox.url}/api/accounts/${id}`, { method: 'DELETE' })
  }

  it.for(pasted.map((block) => [`${block.page}:${block.line}`, block] as const))(
    '%s works',
    async ([, { page, text }], { skip }) => {
      if (page !== read) await removeAccounts()
      read = page
      if (text.includes('/api/groups"') && !buildOfRun().createsGroups)
        return skip('this build creates no groups')
      // What links by itself begins without a link, all else with one.
      const isLinked = (await statusOf(sandbox)).linked
      if (text.includes('/control/scan')) await call(`${sandbox.url}/api/logout`, {})
      else if (!isLinked) await link(sandbox)
      // A person waits too, if the block before made the browser start again.
      const state = async () => (await statusOf(sandbox)).state
      await expect.poll(state, { timeout: 60_000 }).not.toMatch(/^(starting|authenticated)$/)
      const { code, out, err } = await paste(text)
      expect(code, `${text}\n${out}${err}`).toBe(0)
      expect(out).not.toMatch(/^\{"error"/m)
    },
  )

  it('the sandbox says how a terminal names it', () => {
    expect(sandbox.out).toContain(`export WHATSAPP_MCP_URL=${sandbox.url}`)
  })
})

describe('the pages', () => {
  it('say of each block that is not pasted why', () => {
    const words = blocks.flatMap(({ word }) => (word === '' ? [] : [word]))
    for (const word of words) expect(Object.keys(NOT_PASTED)).toContain(word)
    expect(pasted.length).toBeGreaterThan(25)
  })

  it('name the address of a server in no call: a terminal says which one it means', () => {
    for (const { text, page, line } of pasted) expect(text, `${page}:${line}`).not.toContain(':8790')
  })

  it('name only commands that package.json has', () => {
    const scripts = Object.keys(JSON.parse(page('package.json')).scripts)
    for (const { text, page, line } of blocks) {
      for (const [, name = ''] of text.matchAll(/npm (?:run (?:-s )?)([\w:-]+)/g))
        expect(scripts, `${page}:${line}`).toContain(name)
    }
  })

  it('link only to pages that exist', () => {
    for (const name of ['README.md', 'CONTRIBUTING.md', ...docs]) {
      for (const [, target = ''] of page(name).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        expect(existsSync(resolve(ROOT, name, '..', target)), `${name} -> ${target}`).toBe(true)
      }
    }
  })

  it('name every verb of the control API', () => {
    const text = page('docs/sandbox.md')
    const spelled = (verb: string) => verb.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    for (const verb of Object.keys(verbs))
      expect(text).toMatch(new RegExp(`\`?(/control/)?${spelled(verb)}\\b`))
  })
})
