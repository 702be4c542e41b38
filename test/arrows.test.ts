/** The import arrows of CONTRIBUTING.md, read from the code: a room may import only what stands here. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')

/** Room (longest prefix wins) -> rooms of ours it may import besides itself. */
const ALLOWED: Record<string, string[]> = {
  'src/model': [],
  'src/errors.ts': [],
  'src/cursor.ts': ['src/errors.ts'],
  'src/error-code.ts': [],
  'src/child-environment.ts': [],
  'src/command-words.ts': [],
  'src/process-memory.ts': [],
  'src/passing-bytes.ts': [],
  'src/clock.ts': [],
  'src/control.ts': ['src/model'],
  'src/keys': ['src/control.ts', 'src/model', 'src/errors.ts', 'src/clock.ts', 'src/log.ts'],
  'src/json.ts': [],
  'src/log.ts': ['src/json.ts'],
  'src/own-ids.ts': [],
  'src/host-name.ts': [],
  'src/loopback.ts': [],
  'src/public-address.ts': [],
  'src/config-error.ts': [],
  'src/home.ts': ['src/config-error.ts'],
  'src/read-file.ts': [],
  'src/config.ts': [
    'src/model',
    'src/host-name.ts',
    'src/loopback.ts',
    'src/home.ts',
    'src/config-error.ts',
    'src/command-words.ts',
  ],
  'src/environment.ts': ['src/config.ts', 'src/error-code.ts', 'src/read-file.ts'],
  'src/archive-key.ts': [
    'src/config.ts',
    'src/log.ts',
    'src/home.ts',
    'src/read-file.ts',
    'src/command-words.ts',
    'src/child-environment.ts',
  ],
  'src/turn.ts': [],
  'src/version.ts': [],
  'src/make-folder.ts': [],
  'src/is-alive.ts': ['src/error-code.ts'],
  'src/qr-drawing.ts': [],
  'src/same-user.ts': ['src/loopback.ts'],
  'src/browser': ['src/make-folder.ts', 'src/is-alive.ts', 'src/home.ts'],
  'src/engine': [
    'src/model',
    'src/errors.ts',
    'src/clock.ts',
    'src/log.ts',
    'src/child-environment.ts',
    'src/process-memory.ts',
    'src/passing-bytes.ts',
  ],
  'src/store': [
    'src/error-code.ts',
    'src/cursor.ts',
    'src/control.ts',
    'src/model',
    'src/errors.ts',
    'src/clock.ts',
    'src/json.ts',
    'src/read-file.ts',
    'src/own-ids.ts',
  ],
  'src/session': [
    'src/error-code.ts',
    'src/engine/engine.ts',
    'src/store',
    'src/files',
    'src/model',
    'src/errors.ts',
    'src/clock.ts',
    'src/log.ts',
    'src/make-folder.ts',
    'src/is-alive.ts',
    'src/read-file.ts',
    'src/own-ids.ts',
  ],
  'src/outbox': [
    'src/control.ts',
    'src/session',
    'src/engine/engine.ts',
    'src/model',
    'src/errors.ts',
    'src/clock.ts',
    'src/log.ts',
    'src/own-ids.ts',
  ],
  'src/webhooks': [
    'src/error-code.ts',
    'src/control.ts',
    'src/accounts',
    'src/session/event-readers.ts',
    'src/public-address.ts',
    'src/model',
    'src/errors.ts',
    'src/clock.ts',
    'src/json.ts',
    'src/log.ts',
  ],
  'src/rules': [
    'src/webhooks',
    'src/control.ts',
    'src/session/event-readers.ts',
    'src/child-environment.ts',
    'src/error-code.ts',
    'src/read-file.ts',
    'src/home.ts',
    'src/model',
    'src/errors.ts',
    'src/clock.ts',
    'src/log.ts',
  ],
  'src/metrics': [
    'src/webhooks',
    'src/accounts',
    'src/control.ts',
    'src/model',
    'src/clock.ts',
    'src/version.ts',
  ],
  'src/accounts': [
    'src/control.ts',
    'src/outbox',
    'src/session',
    'src/store/threads.ts',
    'src/engine/engine.ts',
    'src/model',
    'src/errors.ts',
    'src/clock.ts',
    'src/config.ts',
    'src/log.ts',
    'src/turn.ts',
    'src/own-ids.ts',
  ],
  'src/files': [
    'src/public-address.ts',
    'src/errors.ts',
    'src/error-code.ts',
    'src/child-environment.ts',
    'src/process-memory.ts',
    'src/passing-bytes.ts',
    'src/clock.ts',
    'src/log.ts',
    'src/make-folder.ts',
  ],
  'src/operations': [
    'src/cursor.ts',
    'src/control.ts',
    'src/keys',
    'src/webhooks',
    'src/rules',
    'src/accounts',
    'src/control.ts',
    'src/outbox',
    'src/session',
    'src/files',
    'src/model',
    'src/errors.ts',
    'src/clock.ts',
    'src/json.ts',
    'src/own-ids.ts',
  ],
  // Faces know no session, archive or engine: the door hands them what a call may use.
  'src/faces/http': [
    'src/error-code.ts',
    'src/operations',
    'src/model',
    'src/errors.ts',
    'src/clock.ts',
    'src/json.ts',
    'src/log.ts',
    'src/qr-drawing.ts',
    'src/same-user.ts',
    'src/turn.ts',
    'src/host-name.ts',
    'src/loopback.ts',
    'src/config.ts',
  ],
  'src/faces/mcp': [
    'src/operations',
    'src/model',
    'src/errors.ts',
    'src/clock.ts',
    'src/json.ts',
    'src/log.ts',
    'src/qr-drawing.ts',
    'src/turn.ts',
    'src/config.ts',
  ],
  'src/app.ts': [
    'src/keys',
    'src/metrics',
    'src/webhooks',
    'src/rules',
    'src/accounts',
    'src/archive-key.ts',
    'src/control.ts',
    'src/store/open-control.ts',
    'src/store/reads.ts',
    'src/faces/http',
    'src/faces/mcp',
    'src/files',
    'src/outbox',
    'src/operations',
    'src/session',
    'src/engine/engine.ts',
    'src/model',
    'src/clock.ts',
    'src/log.ts',
    'src/config.ts',
    'src/version.ts',
    'src/own-ids.ts',
  ],
  // Commands are clients of the API; only these run a server, look at this machine, or play WhatsApp.
  'src/cli': [
    'clients/typescript/src/transport',
    'src/error-code.ts',
    'src/model',
    'src/json.ts',
    'src/config.ts',
    'src/environment.ts',
    'src/home.ts',
    'src/is-alive.ts',
    'src/read-file.ts',
    'src/version.ts',
    'src/make-folder.ts',
  ],
  'src/cli/run-server.ts': [
    'src/error-code.ts',
    'src/cli/exit-codes.ts',
    'src/cli/idle.ts',
    'src/cli/rotating-log.ts',
    // Who has the port, where it is taken.
    'src/cli/who-answers.ts',
    'src/cli/running.ts',
    'src/cli/terminal.ts',
    'src/cli/words.ts',
    'src/app.ts',
    'src/archive-key.ts',
    'src/engine/wweb',
    'src/session',
    'src/browser',
    'src/clock.ts',
    'src/log.ts',
    'src/config.ts',
  ],
  'src/cli/doctor-checks.ts': [
    'src/cli',
    'src/session/auth-dir.ts',
    'src/browser',
    'src/config.ts',
    'src/version.ts',
  ],
  'src/cli/idle.ts': ['src/clock.ts'],
  // Where a server is, and whose; started by its command, like any other.
  'src/cli/stdio-server.ts': ['src/cli', 'src/json.ts', 'src/same-user.ts'],
  'src/cli/running.ts': ['src/cli', 'src/session/auth-dir.ts', 'src/session/dir-lock.ts', 'src/config.ts'],
  // Who listens where no address was named: a message goes to nobody else.
  'src/cli/client.ts': [
    'src/cli',
    'clients/typescript/src/transport',
    'src/model',
    'src/config.ts',
    'src/environment.ts',
    'src/loopback.ts',
    'src/same-user.ts',
  ],
  'src/cli/mcp-config-other.ts': ['src/cli', 'src/json.ts', 'src/config.ts', 'src/loopback.ts'],
  // The files that it checks are those of this computer.
  'src/cli/doctor.ts': ['src/cli', 'src/model', 'src/config.ts', 'src/loopback.ts', 'src/same-user.ts'],
  'src/cli/read-key.ts': ['src/cli', 'src/archive-key.ts', 'src/config.ts', 'src/home.ts'],
  'src/cli/stdio-bundle.ts': ['src/cli', 'src/same-user.ts'],
  'src/cli/stdio-detached.ts': ['src/cli', 'src/session/auth-dir.ts', 'src/make-folder.ts'],
  'src/cli/doctor-machine.ts': [
    'src/cli',
    'src/child-environment.ts',
    'src/session/dir-lock.ts',
    'src/browser',
  ],
  // On the files themselves, while no server runs.
  'src/cli/backup.ts': [
    'src/cli',
    'src/archive-key.ts',
    'src/session/auth-dir.ts',
    'src/log.ts',
    'src/config.ts',
    'src/home.ts',
    'src/make-folder.ts',
  ],
  'src/cli/archive-key.ts': [
    'src/cli',
    'src/archive-key.ts',
    'src/session/auth-dir.ts',
    'src/store',
    'src/errors.ts',
    'src/log.ts',
    'src/config.ts',
    'src/home.ts',
  ],
  'src/cli/archive-file.ts': [
    'src/cli',
    'src/archive-key.ts',
    'src/session',
    'src/store',
    'src/model',
    'src/clock.ts',
    'src/errors.ts',
    'src/log.ts',
    'src/config.ts',
    'src/home.ts',
    'src/read-file.ts',
  ],
  // The file that it checks is one of this computer.
  'src/cli/rules.ts': ['src/cli', 'src/rules', 'src/home.ts', 'src/model'],
  'src/cli/doctor-rules.ts': ['src/cli', 'src/rules', 'src/session/auth-dir.ts', 'src/model'],
  'src/cli/doctor-keys.ts': ['src/cli', 'src/archive-key.ts'],
  'src/cli/commands': ['src/cli', 'src/model', 'src/config.ts', 'simulator/builds.ts'],
  'src/cli/sandbox.ts': [
    'src/cli',
    'src/model',
    'src/config.ts',
    'src/environment.ts',
    'src/home.ts',
    'src/make-folder.ts',
    'simulator',
  ],
  simulator: [],
  // Published without the server.
  'clients/typescript/src/transport': [],
}

/** Packages that only these rooms may name. */
const PACKAGES: Record<string, string[]> = {
  'whatsapp-web.js': ['src/engine/wweb', 'simulator/library-client.ts'],
  puppeteer: ['src/engine/wweb', 'simulator/library-client.ts'],
  libsql: ['src/store/sqlite.ts'],
  fastify: ['src/faces/http', 'src/faces/mcp/mount.ts', 'src/app.ts'],
  // Only a type of it.
  '@modelcontextprotocol/server': ['src/faces/mcp', 'src/faces/http/protected-resource.ts'],
  jose: ['src/keys'],
  pino: ['src/log.ts'],
  'tar-fs': ['src/cli/backup-file.ts'],
  'prom-client': ['src/metrics/expose.ts'],
  'eventsource-parser': ['src/cli/stdio-http.ts'],
  'jsonc-parser': ['src/cli/mcp-config-edit.ts'],
  'smol-toml': ['src/cli/mcp-config-edit.ts', 'src/cli/mcp-config.ts'],
  yaml: ['src/rules/rules-file.ts'],
  'ipaddr.js': ['src/public-address.ts'],
  ws: ['simulator'],
  selfsigned: ['simulator'],
  '@puppeteer/browsers': ['src/browser'],
}

type Import = { from: string; to: string }

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name).replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('.d.ts'))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')
  const names = [...text.matchAll(/(?:\bfrom|\bimport\(|^import)\s*['"]([^'"]+)['"]/gm)].map(
    (match) => match[1] ?? '',
  )
  return names.map((name) => ({
    from: file,
    to: name.startsWith('.')
      ? relative(ROOT, resolve(ROOT, dirname(file), name)).replaceAll('\\', '/')
      : name,
  }))
}

const isIn = (file: string, room: string) => file === room || file.startsWith(`${room}/`)

function roomOf(file: string): string {
  const rooms = Object.keys(ALLOWED).filter((room) => isIn(file, room))
  return rooms.sort((a, b) => b.length - a.length)[0] ?? ''
}

const ROOMS = ['src', 'simulator', 'clients/typescript/src/transport']
const imports = ROOMS.flatMap(sources).flatMap(importsOf)

describe('import arrows', () => {
  it('reads a plausible number of imports', () => {
    expect(imports.length).toBeGreaterThan(100)
  })

  it('gives every file a room', () => {
    expect(imports.filter(({ from }) => roomOf(from) === '')).toEqual([])
  })

  it('run only where they may', () => {
    const wrong = imports.filter(({ from, to }) => {
      if (!/^(src|simulator|clients)\//.test(to)) return false
      const room = roomOf(from)
      return ![room, ...(ALLOWED[room] ?? [])].some((allowed) => isIn(to, allowed))
    })
    expect(wrong).toEqual([])
  })

  it('name guarded packages only in their rooms', () => {
    const wrong = imports.filter(({ from, to }) => {
      const owners = PACKAGES[to]
      return owners !== undefined && !owners.some((room) => isIn(from, room))
    })
    expect(wrong).toEqual([])
  })

  it('leave the model with zod alone', () => {
    const packages = imports.filter(({ from, to }) => isIn(from, 'src/model') && !to.startsWith('src/'))
    expect([...new Set(packages.map(({ to }) => to))]).toEqual(['zod'])
  })
})
