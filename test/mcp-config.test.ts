/** `mcp-config` as people run it, with a home of its own: what it prints, and what it does to files that others keep. */
import { execFile } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { parse as parseToml } from 'smol-toml'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CLIENTS } from '../src/cli/mcp-config-clients.ts'
import { EditError, withEntry } from '../src/cli/mcp-config-edit.ts'
import { type Entry, type EntryOptions, toEntry } from '../src/cli/mcp-config-entry.ts'
import { otherProgram } from '../src/cli/mcp-config-other.ts'
import { wordsOf } from '../src/command-words.ts'
import { ended, endPrograms, MAIN, temp } from './program.ts'

afterEach(endPrograms)

let home: string
beforeEach(() => {
  home = temp()
})
const mcpConfig = (args: string[], env: Record<string, string> = {}) =>
  ended(['mcp-config', ...args], {
    cwd: home,
    env: { HOME: home, XDG_CONFIG_HOME: '', CODEX_HOME: '', CLAUDE_CONFIG_DIR: '', ...env },
  })

/** Where each keeps its servers in a home on Linux, and how the entry is found there. */
const FILES: Record<string, { file: string; member: string; existing: string }> = {
  'claude-code': {
    file: '.claude.json',
    member: 'mcpServers',
    existing:
      '{\n    "numStartups": 41,\n    "mcpServers": {\n        "other": { "command": "x" }\n    }\n}\n',
  },
  'claude-desktop': {
    file: '.config/Claude/claude_desktop_config.json',
    member: 'mcpServers',
    existing: '{"globalShortcut":"Ctrl+Space"}',
  },
  cursor: {
    file: '.cursor/mcp.json',
    member: 'mcpServers',
    existing: '{\n\t// mine\n\t"mcpServers": {\n\t\t"other": { "url": "http://x" }, /* last */\n\t},\n}\n',
  },
  vscode: {
    file: '.config/Code/User/mcp.json',
    member: 'servers',
    existing: '// keys\r\n{\r\n  "inputs": [],\r\n  "servers": {}\r\n}\r\n',
  },
  codex: {
    file: '.codex/config.toml',
    member: 'mcp_servers',
    existing:
      '# mine\nmodel = "gpt" # the best\n\n[mcp_servers.other]\ncommand = "x"\n[[list]]\na = """\n[mcp_servers.whatsapp]\n"""\n',
  },
}

const COMMENTED = '{\n  // mine\n  "theme": "x", /* kept */\n  "MEMBER": { "other": { "command": "x" } }\n}\n'
for (const [client, file, member] of [
  ['gemini', '.gemini/settings.json', 'mcpServers'],
  ['qwen', '.qwen/settings.json', 'mcpServers'],
  ['opencode', '.config/opencode/opencode.json', 'mcp'],
  ['zed', '.config/zed/settings.json', 'context_servers'],
] as const)
  FILES[client] = { file, member, existing: COMMENTED.replace('MEMBER', member) }
for (const [client, file] of [
  ['windsurf', '.codeium/windsurf/mcp_config.json'],
  ['lm-studio', '.lmstudio/mcp.json'],
] as const)
  FILES[client] = { file, member: 'mcpServers', existing: '{"mcpServers":{"other":{"command":"x"}}}' }

/** The words that an entry runs. */
const runs = (entry: Record<string, unknown> | undefined) =>
  [entry?.command, entry?.args ?? []].flat().slice(1)
/** Where an entry leads. */
const leadsTo = (entry: Record<string, unknown> | undefined) =>
  entry?.httpUrl ?? entry?.serverUrl ?? entry?.url

const parse = (client: string, text: string): Record<string, Record<string, Record<string, unknown>>> =>
  JSON.parse(
    client === 'codex'
      ? JSON.stringify(parseToml(text))
      : text.replace(/^\s*\/\/.*$|\/\*.*?\*\//gm, '').replace(/,(\s*[}\]])/g, '$1'),
  )

const THEIRS_IN_TOML =
  '[mcp_servers.whatsapp]\ncommand = "npx"\nargs = ["-y", "whatsapp-mcp-other", "--token", "hidden"]\ncwd = "/theirs"\n\n[mcp_servers.whatsapp.env]\nTOKEN = "hidden"\n'

describe.each(Object.entries(FILES))('%s', (client, { file, member, existing }) => {
  const path = () => join(home, file)
  const entryIn = (text: string) => parse(client, text)[member]?.whatsapp

  it('is written where there is nothing, once', async () => {
    const first = await mcpConfig([client, '--install'])
    expect([first.code, first.err]).toEqual([0, ''])
    expect(first.out).toContain(path())
    expect(runs(entryIn(readFileSync(path(), 'utf8')))).toEqual([MAIN, 'stdio'])
    expect(statSync(path()).mode & 0o077).toBe(0)
    const written = readFileSync(path(), 'utf8')
    const again = await mcpConfig([client, '--install'])
    expect(again.out).toContain('already')
    expect(readFileSync(path(), 'utf8')).toBe(written)
    expect(readdirSync(dirname(path())).filter((name) => name.includes('.bak'))).toEqual([])
  })

  it('keeps all that is there, and what it was beside it', async () => {
    mkdirSync(dirname(path()), { recursive: true })
    writeFileSync(path(), existing, { mode: 0o640 })
    const done = await mcpConfig([client, '--install', '--port', '9000'])
    expect([done.code, done.err]).toEqual([0, ''])
    const text = readFileSync(path(), 'utf8')
    expect(runs(entryIn(text))).toEqual([MAIN, 'stdio', '--port', '9000'])
    const { [member]: servers, ...others } = parse(client, text)
    const { [member]: before, ...same } = parse(client, existing)
    expect(others).toEqual(same)
    expect(servers).toMatchObject(before ?? {})
    // The lines of the file are there as they were, comments and all.
    for (const line of existing.split(/\r?\n/).filter((one) => /\/\/|\/\*|#|^\S*model/.test(one)))
      expect(text).toContain(line)
    expect(text.includes('\r\n')).toBe(existing.includes('\r\n'))
    expect(statSync(path()).mode & 0o777).toBe(0o640)
    const backups = readdirSync(dirname(path())).filter((name) => /\.bak-\d{8}T\d{9}Z$/.test(name))
    expect(backups).toHaveLength(1)
    expect(readFileSync(join(dirname(path()), backups[0] ?? ''), 'utf8')).toBe(existing)
    expect(done.out).toContain(backups[0])

    // Another address: our keys change, what its user added to the entry stays.
    const entry = client === 'codex' ? 'startup_timeout_sec = 20' : '"disabled": true'
    const added =
      client === 'codex'
        ? text.replace(/(\[mcp_servers\.whatsapp\]\n)(?=command)/, `$1${entry}\n`)
        : text.replace(/("(?:args|command)": \[[^\]]*\])/, `$1, ${entry}`)
    expect(added).not.toBe(text)
    writeFileSync(path(), added)
    if (client === 'claude-desktop') return
    expect((await mcpConfig([client, '--install', '--transport', 'http'])).code).toBe(0)
    const changed = entryIn(readFileSync(path(), 'utf8'))
    expect(leadsTo(changed)).toBe('http://127.0.0.1:8790/mcp')
    expect(changed).toMatchObject(client === 'codex' ? { startup_timeout_sec: 20 } : { disabled: true })
    expect(changed).not.toHaveProperty('command')
  })

  it('says whose entry it replaced, and how to keep both', async () => {
    mkdirSync(dirname(path()), { recursive: true })
    const theirs = {
      ...(client === 'opencode'
        ? { type: 'local', command: ['npx', '-y', 'whatsapp-mcp-other', '--token', 'hidden'] }
        : { command: 'npx', args: ['-y', 'whatsapp-mcp-other', '--token', 'hidden'] }),
      env: { TOKEN: 'hidden' },
      cwd: '/theirs',
    }
    const before = { [member]: { whatsapp: theirs } }
    const text = client === 'codex' ? THEIRS_IN_TOML : JSON.stringify(before, null, 2)
    writeFileSync(path(), text)
    const { code, out } = await mcpConfig([client, '--install'])
    expect(code).toBe(0)
    const backup = readdirSync(dirname(path())).find((name) => name.includes('.bak-')) ?? 'none'
    expect(out.split('\n').slice(1, 4)).toEqual([
      'It replaced the entry of another program: npx -y whatsapp-mcp-other',
      `Backup of the file: ${join(dirname(path()), backup)}`,
      'To keep both, restore the backup and install with another name: --name NAME',
    ])
    expect(readFileSync(join(dirname(path()), backup), 'utf8')).toBe(text)
    // Nothing of it is left, for our program to get or to run in.
    const replaced = entryIn(readFileSync(path(), 'utf8'))
    expect(runs(replaced)).toEqual([MAIN, 'stdio'])
    expect(Object.keys(replaced ?? {}).filter((key) => !['type', 'command', 'args'].includes(key))).toEqual(
      [],
    )
    // As it says: under another name both are there, and nothing is replaced.
    writeFileSync(path(), text)
    const both = await mcpConfig([client, '--install', '--name', 'mine'])
    expect(both.out).not.toContain('replaced')
    const { whatsapp, mine } = parse(client, readFileSync(path(), 'utf8'))[member] ?? {}
    expect([whatsapp, runs(mine)]).toEqual([theirs, [MAIN, 'stdio']])
  })

  it('is left alone where it cannot be read', async () => {
    mkdirSync(dirname(path()), { recursive: true })
    const broken = client === 'codex' ? 'a = = 1\n' : '{ "a": '
    writeFileSync(path(), broken)
    const { code, out, err } = await mcpConfig([client, '--install'])
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(`${path()} is not valid`)
    expect(err).toContain('without --install')
    expect(readFileSync(path(), 'utf8')).toBe(broken)
    expect(readdirSync(dirname(path())).filter((name) => /\.(bak|new)/.test(name))).toEqual([])
  })
})

describe('what is printed', () => {
  it.each(Object.keys(CLIENTS))('%s: the line or the entry alone', async (client) => {
    const { code, out, err } = await mcpConfig([client])
    expect(code).toBe(0)
    expect(err).not.toBe('')
    if (client === 'claude-code' || client === 'codex') {
      expect(out).toBe(
        `${client.split('-')[0]} mcp add ${client === 'codex' ? '' : '--scope user '}whatsapp -- ${process.execPath} ${MAIN} stdio\n`,
      )
    } else if (client !== 'librechat') expect(JSON.parse(out)).toBeInstanceOf(Object)
    expect(readdirSync(home)).toEqual([])
  })

  it.each([
    ['claude-code', 'claude mcp add --scope user --transport http whatsapp URL\n'],
    ['codex', 'codex mcp add whatsapp --url URL\n'],
    ['vscode', { servers: { whatsapp: { type: 'http', url: 'URL' } } }],
    ['cursor', { mcpServers: { whatsapp: { url: 'URL' } } }],
    ['gemini', { mcpServers: { whatsapp: { httpUrl: 'URL' } } }],
    ['qwen', { mcpServers: { whatsapp: { httpUrl: 'URL' } } }],
    ['opencode', { mcp: { whatsapp: { type: 'remote', url: 'URL' } } }],
    ['windsurf', { mcpServers: { whatsapp: { serverUrl: 'URL' } } }],
    ['zed', { context_servers: { whatsapp: { url: 'URL' } } }],
    ['lm-studio', { mcpServers: { whatsapp: { url: 'URL' } } }],
    [
      'librechat',
      'mcpSettings:\n  allowedAddresses: ["127.0.0.1:9000"]\nmcpServers:\n  whatsapp:\n    type: "streamable-http"\n    url: "URL"\n',
    ],
    [
      'n8n',
      {
        nodes: [
          {
            type: '@n8n/n8n-nodes-langchain.mcpClientTool',
            parameters: { endpointUrl: 'URL', serverTransport: 'httpStreamable', authentication: 'none' },
          },
        ],
      },
    ],
  ])('%s: where the server is, for a client that is given its address', async (client, expected) => {
    const { code, out } = await mcpConfig([client, '--transport', 'http', '--port', '9000'])
    expect(code).toBe(0)
    const printed = out.replace('http://127.0.0.1:9000/mcp', 'URL')
    if (typeof expected === 'string') expect(printed).toBe(expected)
    else expect(JSON.parse(printed)).toMatchObject(expected)
  })

  it('a line means what it says to a shell', async () => {
    const dir = join(home, "it's a $HOME")
    const { out } = await mcpConfig(['claude-code', '--auth-dir', dir])
    const { stdout } = await promisify(execFile)('sh', ['-c', `printf '%s\\n' ${out}`])
    expect(stdout.trim().split('\n').slice(-3)).toEqual(['stdio', '--auth-dir', dir])
  })

  it('carries what is not as it would be: from flags and the environment, and nothing of the folder', async () => {
    writeFileSync(
      join(home, '.env'),
      `WHATSAPP_MCP_URL=http://127.0.0.1:9\nWHATSAPP_CHROME_EXECUTABLE=${home}/chrome\n`,
    )
    const env = {
      WHATSAPP_HISTORY_DAYS: '30',
      WHATSAPP_AUTH_DIR: 'mine',
      WHATSAPP_HEADLESS: 'false',
      WHATSAPP_ARCHIVE_KEY: 'secret',
    }
    const { out, err } = await mcpConfig(['cursor', '--host', '::1'], env)
    expect(JSON.parse(out).mcpServers.whatsapp.args.slice(1)).toEqual([
      ...['stdio', '--host', '::1', '--auth-dir', join(home, 'mine'), '--headless=false'],
      ...['--history-days', '30'],
    ])
    expect(out + err).not.toContain('secret')
    expect(err).toContain('WHATSAPP_ARCHIVE_KEY is set')
    const http = await mcpConfig(['cursor', '--host', '::1', '--transport', 'http'], env)
    expect(JSON.parse(http.out).mcpServers.whatsapp).toEqual({ url: 'http://[::1]:8790/mcp' })
    const named = await mcpConfig(['cursor'], { ...env, WHATSAPP_MCP_URL: 'http://127.0.0.1:1234/mcp' })
    expect(JSON.parse(named.out).mcpServers.whatsapp.args.slice(1)).toEqual([
      ...['stdio', '--url', 'http://127.0.0.1:1234'],
    ])
  })

  it('gives each account an entry of its own', async () => {
    await mcpConfig(['cursor', '--install'])
    const { out } = await mcpConfig(['cursor', '--install', '--account', 'work'])
    expect(out).toContain('Configured the server "whatsapp-work"')
    const { mcpServers } = JSON.parse(readFileSync(join(home, '.cursor/mcp.json'), 'utf8'))
    expect(mcpServers.whatsapp.args.slice(1)).toEqual(['stdio'])
    expect(mcpServers['whatsapp-work'].args.slice(1)).toEqual(['stdio', '--account', 'work'])
  })

  it('takes the account from the URL of its endpoint, once', async () => {
    const base = 'http://127.0.0.1:1234'
    for (const more of [[], ['--account', 'work']]) {
      const entryOf = async (transport: string) => {
        const args = ['--url', `${base}/accounts/work/mcp`, '--transport', transport, ...more]
        return JSON.parse((await mcpConfig(['cursor', ...args])).out).mcpServers['whatsapp-work']
      }
      expect((await entryOf('http')).url).toBe(`${base}/accounts/work/mcp`)
      expect((await entryOf('stdio')).args.slice(1)).toEqual(['stdio', '--account', 'work', '--url', base])
    }
    const other = await mcpConfig(['cursor', '--url', `${base}/accounts/work/mcp`, '--account', 'shop'])
    expect([other.code, other.out, other.err]).toEqual([
      2,
      '',
      expect.stringContaining('leave out --account'),
    ])
  })

  it.each([
    [[], ['stdio', '--toolsets', 'core,people']],
    [
      ['--url', 'http://127.0.0.1:1234'],
      ['stdio', '--url', 'http://127.0.0.1:1234', '--toolsets', 'core,people'],
    ],
  ])('carries the toolsets of the client %j', async (more, expected) => {
    const args = ['cursor', '--toolsets', 'core,people', ...more]
    const entryOf = ({ out }: { out: string }) => JSON.parse(out).mcpServers.whatsapp
    expect(entryOf(await mcpConfig(args)).args.slice(1)).toEqual(expected)
    expect(entryOf(await mcpConfig([...args, '--transport', 'http'])).url).toMatch(
      /mcp\?toolsets=core,people$/,
    )
  })

  it.each([
    ['--chrome-executable', 'opt/chrome', 'HOME/opt/chrome'],
    ['--chrome-executable', '~/opt/chrome', 'HOME/opt/chrome'],
    ['--chrome-executable', 'google-chrome', 'google-chrome'],
    ['--archive-key-file', 'a.key', 'HOME/a.key'],
    ['--archive-key-command', './key --of "a b"', 'HOME/key --of "a b"'],
    ['--archive-key-command', `"my 'own' keys/key" x`, `'HOME/my '"'"'own'"'"' keys/key' x`],
    ['--archive-key-command', 'pass show ./x', 'pass show ./x'],
    ['--archive-key-command', '/usr/bin/pass show x', '/usr/bin/pass show x'],
  ])('carries %s %s so that it means the same in every folder', async (flag, given, carried) => {
    const { out } = await mcpConfig(['cursor', flag, given])
    const args = JSON.parse(out).mcpServers.whatsapp.args.slice(2)
    expect(args).toEqual([flag, carried.replace('HOME', home)])
    if (flag === '--archive-key-command') {
      const program = given.startsWith('"') ? "my 'own' keys/key" : (given.split(' ')[0] ?? '')
      expect(wordsOf(args[1])?.[0]).toBe(program.includes('/') ? resolve(home, program) : program)
    }
  })

  it.each([
    [['nobody']],
    [['librechat', '--install']],
    [['claude-desktop', '--transport', 'http']],
    [['n8n', '--transport', 'stdio']],
    [['n8n', '--install']],
    [['cursor', '--port', '0']],
    [['cursor', '--name', 'a b']],
  ])('refuses %j', async (args) => {
    const { code, out, err } = await mcpConfig(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).not.toContain('    at ')
    expect(readdirSync(home)).toEqual([])
  })
})

it('writes the file of OpenCode that is there, whatever its name', async () => {
  const folder = join(home, '.config', 'opencode')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'opencode.jsonc'), '{}')
  expect((await mcpConfig(['opencode', '--install'])).code).toBe(0)
  expect(readdirSync(folder).filter((name) => !name.includes('.bak'))).toEqual(['opencode.jsonc'])
})

it('suggests the client that was meant', async () => {
  const { code, err } = await mcpConfig(['gemni'])
  expect([code, err]).toEqual([2, expect.stringContaining('Did you mean gemini?')])
})

it('follows links, and the settings that move a client’s files', async () => {
  mkdirSync(join(home, 'dotfiles'))
  writeFileSync(join(home, 'dotfiles', 'config.toml'), 'a = 1\n')
  symlinkSync(join(home, 'dotfiles', 'config.toml'), join(home, 'config.toml'))
  expect((await mcpConfig(['codex', '--install'], { CODEX_HOME: home })).code).toBe(0)
  expect(lstatSync(join(home, 'config.toml')).isSymbolicLink()).toBe(true)
  expect(readFileSync(join(home, 'dotfiles', 'config.toml'), 'utf8')).toContain('[mcp_servers.whatsapp]')
  expect((await mcpConfig(['claude-code', '--install'], { CLAUDE_CONFIG_DIR: home })).code).toBe(0)
  expect(existsSync(join(home, '.claude.json'))).toBe(true)
})

it.each([
  ['Latin-1', Buffer.from('{"theme": "caf\xe9"}', 'latin1')],
  ['UTF-16', Buffer.from('\ufeff{"theme": "café"}', 'utf16le')],
])('leaves a file in %s alone, to the byte', async (_, bytes) => {
  const file = join(home, '.claude.json')
  writeFileSync(file, bytes)
  const { code, out, err } = await mcpConfig(['claude-code', '--install'])
  expect([code, out]).toEqual([1, ''])
  expect(err).toContain(`${file} is not valid UTF-8. Nothing was changed.`)
  expect(readFileSync(file)).toEqual(bytes)
  expect(readdirSync(home)).toEqual(['.claude.json'])
})

it('keeps the byte order mark of a file', async () => {
  const file = join(home, '.claude.json')
  writeFileSync(file, '\ufeff{}')
  expect((await mcpConfig(['claude-code', '--install'])).code).toBe(0)
  const written = readFileSync(file, 'utf8')
  expect(written).toMatch(/^\ufeff\{/)
  expect((await mcpConfig(['claude-code', '--install'])).out).toContain('already')
  expect(readFileSync(file, 'utf8')).toBe(written)
})

describe('files of other systems', () => {
  const at = (
    client: string,
    platform: NodeJS.Platform,
    env: Record<string, string> = {},
    root = 'C:\\Users\\me',
  ) =>
    CLIENTS[client]?.file?.path({ platform, home: platform === 'win32' ? root : '/Users/me', env, root: '' })

  it('are where their clients look', () => {
    expect(at('claude-desktop', 'darwin')).toBe(
      '/Users/me/Library/Application Support/Claude/claude_desktop_config.json',
    )
    expect(at('vscode', 'darwin')).toBe('/Users/me/Library/Application Support/Code/User/mcp.json')
    expect(at('cursor', 'darwin')).toBe('/Users/me/.cursor/mcp.json')
    expect(at('vscode', 'win32', { APPDATA: 'D:\\Roaming' })).toBe('D:\\Roaming\\Code\\User\\mcp.json')
    expect(at('zed', 'darwin')).toBe('/Users/me/.config/zed/settings.json')
    expect(at('zed', 'win32', { APPDATA: 'D:\\Roaming' })).toBe('D:\\Roaming\\Zed\\settings.json')
    expect(at('opencode', 'win32')).toBe('C:\\Users\\me\\.config\\opencode\\opencode.json')
    expect(at('codex', 'win32')).toBe('C:\\Users\\me\\.codex\\config.toml')
    expect(at('claude-desktop', 'win32')).toBe(
      'C:\\Users\\me\\AppData\\Roaming\\Claude\\claude_desktop_config.json',
    )
    expect(at('vscode', 'linux', { XDG_CONFIG_HOME: '/etc/me' })).toBe('/etc/me/Code/User/mcp.json')
  })
})

it('an installed one carries what stands in the .env of its data directory, where stdio reads it too', () => {
  const data = join(home, 'whatsapp-mcp-api')
  mkdirSync(data)
  writeFileSync(join(data, '.env'), 'WHATSAPP_MCP_PORT=9000\nWHATSAPP_CHROME_EXECUTABLE=opt/chrome\n')
  const place = {
    root: '/usr/lib/node_modules/whatsapp-mcp-api',
    platform: 'linux' as const,
    home,
    env: { PATH: '', XDG_DATA_HOME: home },
  }
  const given = { settings: {}, flags: { url: '' } }
  const entry = (transport: 'stdio' | 'http') => toEntry(transport, { given, place, execPath: '/opt/node' })
  expect(entry('http')).toEqual({ transport: 'http', url: 'http://127.0.0.1:9000/mcp' })
  const { args } = entry('stdio') as Extract<Entry, { transport: 'stdio' }>
  expect(args.slice(1)).toEqual([
    ...['stdio', '--port', '9000', '--auth-dir', join(data, '.wwebjs_auth')],
    ...['--chrome-executable', join(data, 'opt/chrome')],
  ])
})

describe('how this program is run', () => {
  const entry = (over: Partial<EntryOptions['place']>, execPath = '/opt/node/bin/node'): Entry =>
    toEntry('stdio', {
      given: { settings: { WHATSAPP_AUTH_DIR: '' }, flags: { url: 'http://127.0.0.1:1' } },
      place: { root: '/home/me/whatsapp', platform: 'linux', home: '/home/me', env: { PATH: '' }, ...over },
      execPath,
    })

  it('decides how a client starts it', () => {
    const url = ['stdio', '--url', 'http://127.0.0.1:1']
    expect(entry({})).toEqual({
      transport: 'stdio',
      command: '/opt/node/bin/node',
      args: ['/home/me/whatsapp/dist/main.js', ...url],
    })
    expect(entry({ root: '/usr/lib/node_modules/whatsapp-mcp-api' })).toMatchObject({
      args: ['/usr/lib/node_modules/whatsapp-mcp-api/dist/main.js', ...url],
    })
    const npx = throughNpx('^0.1.0')
    expect(entry({ root: npx })).toEqual({
      transport: 'stdio',
      command: 'npx',
      args: ['--prefix=/home/me', '-y', 'whatsapp-mcp-api', ...url],
    })
    expect(entry({ root: npx, platform: 'win32' })).toMatchObject({
      command: 'cmd',
      args: ['/c', 'npx', '--prefix=/home/me', '-y', 'whatsapp-mcp-api', ...url],
    })
    // A name that stays when the version changes, where there is one.
    const bin = join(home, 'bin')
    mkdirSync(bin)
    symlinkSync(process.execPath, join(bin, 'node'))
    expect(entry({ env: { PATH: `/nowhere:${bin}` } }, process.execPath)).toMatchObject({
      command: join(bin, 'node'),
    })
  })
})

/** The folder of this package as npx has it in its cache, got from there. */
function throughNpx(spec: string): string {
  const folder = join(temp(), '_npx', 'ab12')
  const root = join(folder, 'node_modules', 'whatsapp-mcp-api')
  mkdirSync(root, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: { 'whatsapp-mcp-api': spec } }))
  return root
}

it.each([
  ['file:../../whatsapp-mcp-api-0.1.0.tgz', /npm install -g \S+[\\/]whatsapp-mcp-api-0\.1\.0\.tgz\)/],
  ['https://example.com/whatsapp-mcp-api.tgz', /npm install -g FILE\)/],
  ['github:somebody/whatsapp-mcp-api', /npm install -g FILE\)/],
])('is not started by name through npx where it came from %s', (spec, next) => {
  const options = (url: string) => ({
    given: { settings: {}, flags: { url } },
    place: { root: throughNpx(spec), platform: 'linux' as const, home, env: {} },
    execPath: process.execPath,
  })
  expect(() => toEntry('stdio', options(''))).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(next) }),
  )
  expect(toEntry('http', options('http://127.0.0.1:1'))).toMatchObject({ url: 'http://127.0.0.1:1/mcp' })
})

it('is found through npx in no folder that a client has open', async () => {
  const project = temp()
  for (const folder of [home, project]) {
    const bin = join(folder, 'node_modules', '.bin')
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(bin, 'whatsapp-mcp-api'), `#!/bin/sh\necho ${folder} "$@"\n`, { mode: 0o755 })
  }
  const entry = toEntry('stdio', {
    given: { settings: {}, flags: { url: 'http://127.0.0.1:1' } },
    place: { root: throughNpx('^0.1.0'), platform: 'linux', home, env: {} },
    execPath: process.execPath,
  })
  if (entry.transport !== 'stdio') throw new Error('not over stdio')
  const { stdout } = await promisify(execFile)(entry.command, entry.args, { cwd: project })
  expect(stdout).toBe(`${home} stdio --url http://127.0.0.1:1\n`)
})

describe('what an entry led to before', () => {
  const root = '/home/me/whatsapp'
  const stdio: Entry = { transport: 'stdio', command: 'node', args: [] }
  const http: Entry = { transport: 'http', url: 'http://127.0.0.1:9000/mcp' }

  it.each<[unknown, string]>([
    [
      { command: 'node', args: ['--no-warnings', '/opt/other/index.js', 'key'] },
      'node --no-warnings /opt/other/index.js',
    ],
    [{ command: 'node', args: ['/home/me/other/dist/main.js', 'stdio'] }, 'node /home/me/other/dist/main.js'],
    [
      { command: 'uv', args: ['--directory', '/x/whatsapp-mcp-api', 'run'] },
      'uv --directory /x/whatsapp-mcp-api',
    ],
    [{ command: '/usr/bin/whatsapp-bridge' }, '/usr/bin/whatsapp-bridge'],
    [{ url: 'https://me:secret@mcp.example.com/mcp?key=secret' }, 'https://mcp.example.com/mcp'],
    [{ type: 'http', url: 'http://127.0.0.1:9000/mcp' }, 'http://127.0.0.1:9000/mcp'],
    [{ url: 'http://localhost:8790/sse' }, 'http://localhost:8790/sse'],
    [{ url: 'nonsense' }, 'nonsense'],
  ])('%j is another program: %s', (before, says) => expect(otherProgram(before, stdio, { root })).toBe(says))

  it.each<[unknown, Entry]>([
    [null, stdio],
    [{}, stdio],
    [{ disabled: true }, stdio],
    [{ command: 'node', args: ['/home/me/whatsapp/dist/main.js', 'stdio'] }, http],
    [{ command: 'node', args: ['/usr/lib/node_modules/whatsapp-mcp-api/dist/main.js', 'stdio'] }, stdio],
    [{ command: 'npx', args: ['-y', 'whatsapp-mcp-api@0.1.0', 'stdio'] }, stdio],
    [{ command: 'C:\\npm\\whatsapp-mcp-api.cmd', args: ['stdio'] }, stdio],
    [{ url: 'http://localhost:8790/mcp' }, stdio],
    [{ url: 'http://127.0.0.1:9000/mcp', headers: {} }, http],
  ])('%j is ours', (before, now) => expect(otherProgram(before, now, { root })).toBeNull())
})

describe('an edit', () => {
  const edit = {
    member: 'mcp_servers',
    name: 'whatsapp',
    entry: { command: 'node', args: ['main.js', 'stdio'] },
    isOurs: () => true,
  }
  const toml = (text: string) => withEntry(text, { ...edit, format: 'toml' })

  it('exchanges our keys of a TOML table over several lines, and nothing else', () => {
    const before =
      '[mcp_servers."whatsapp"] # mine\r\nargs = [\r\n  "a", # [b]\r\n  "c",\r\n]\r\nenv = { A = "1" }\r\ncommand = """x\r\ny"""\r\n\r\n[mcp_servers.whatsapp.tools]\r\nask = true\r\n'
    const after = toml(before)
    expect(parseToml(after)).toEqual({
      mcp_servers: { whatsapp: { ...edit.entry, env: { A: '1' }, tools: { ask: true } } },
    })
    expect(after).toContain('[mcp_servers."whatsapp"] # mine\r\n')
    expect(toml(after)).toBe(after)
  })

  it.each([
    ['mcp_servers = { whatsapp = { command = "x" } }\n', 'safely'],
    ['mcp_servers = { other = { command = "x" } }\n', 'safely'],
    ['mcp_servers.whatsapp.command = "x"\n', 'safely'],
    ['mcp_servers = 1\n', 'no table'],
    ['[mcp_servers.whatsapp]\nargs = [\n["x"]\n]\n', 'safely'],
  ])('is not made where it would be a guess: %j', (text, says) => {
    expect(() => toml(text)).toThrow(EditError)
    expect(() => toml(text)).toThrow(new RegExp(says))
  })

  it.each([
    '{"mcp_servers": []}',
    '[]',
    '{"mcp_servers": {"whatsapp": 1}}',
    '{"mcp_servers": {}, "mcp_servers": {}}',
  ])('of JSON neither: %s', (text) =>
    expect(() => withEntry(text, { ...edit, format: 'json' })).toThrow(EditError),
  )

  it('keeps a byte order mark', () => {
    expect(withEntry('\ufeff{}', { ...edit, format: 'json' })).toMatch(/^\ufeff\{/)
  })
})
