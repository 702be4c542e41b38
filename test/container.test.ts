/**
 * The container, played: no image can be built where tests run. The last stage of the Dockerfile and the service of compose.yaml are
 * read, and the command runs in namespaces as its user, without capabilities, on a root that cannot be written, without HOME, with
 * its volume and its secret, as docs/deploy.md says. Needs root on Linux.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DCLinter } from 'dclint'
import { validate } from 'dockerfile-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { openSimulator } from '../simulator/open-simulator.ts'
import { call, ended, endPrograms, type Program, quietPort, run, temp } from './program.ts'
import { writeBrowser } from './soak/stage.ts'

const ROOT = resolve(import.meta.dirname, '..')
const TEXT = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
const DEPLOY = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8')
/** The shell blocks of docs/deploy.md that set the container up, and that send the first message. */
const [SET_UP = '', SEND = ''] = [...DEPLOY.matchAll(/^```sh once\n([\s\S]*?)^```$/gm)].map(
  ([, text]) => text,
)

/** What compose.yaml adds to the image. */
const COMPOSE = z
  .object({
    services: z.object({
      whatsapp: z.object({
        environment: z.record(z.string(), z.string()),
        secrets: z.tuple([z.literal('whatsapp_key')]),
        volumes: z.tuple([z.literal('whatsapp:/data')]),
        cap_drop: z.tuple([z.literal('ALL')]),
        read_only: z.literal(true),
        security_opt: z.tuple([z.literal('no-new-privileges:true')]),
        shm_size: z.string(),
        tmpfs: z.tuple([z.string().startsWith('/tmp:')]),
      }),
    }),
    secrets: z.object({ whatsapp_key: z.object({ file: z.string() }) }),
  })
  .parse(parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8')))
const SERVICE = COMPOSE.services.whatsapp

/** The last stage, one instruction a line. */
const stage = TEXT.replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split(/^FROM .*$/m)
  .at(-1)
const instruction = (name: string) => new RegExp(`^${name} +(.*)$`, 'm').exec(stage ?? '')?.[1] ?? ''
const words = (name: string): string[] => JSON.parse(instruction(name).replace(/^.*CMD /, ''))
const IMAGE_ENV = instruction('ENV').split(' ')
const [UID = 0] = instruction('USER').split(':').map(Number)
/** Without tini on this machine, the program is process 1 itself. */
const ENTRY = words('ENTRYPOINT').slice(spawnSync('tini', ['--version']).status === 0 ? 0 : 2)

const canPlay =
  process.getuid?.() === 0 && spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status === 0

/** The folders of this machine that stand for those of the image. Node may lie anywhere. */
const SYSTEM = ['/usr', '/etc', '/bin', '/sbin', '/lib', '/lib64', resolve(process.execPath, '../..')].filter(
  (dir, index, all) => existsSync(dir) && !all.slice(0, index).some((one) => dir.startsWith(`${one}/`)),
)

/** Builds the root of the container and becomes process 1 in it. A chroot has no user namespaces, as Docker's default. */
const SCRIPT = `set -eu
root=$1 from=$2 data=$3 key=$4 double=$5; shift 5
show() { mkdir -p "$root$2"; mount --bind "$1" "$root$2"; mount -o remount,bind,ro "$root$2"; }
mount --make-rprivate /
mount -t tmpfs -o size=2m,mode=755 tmpfs "$root"
for dir in ${SYSTEM.join(' ')}; do
  if [ -L "$dir" ]; then cp -P "$dir" "$root$dir"; else show "$dir" "$dir"; fi
done
for name in dist node_modules; do show "$from/$name" "/app/$name"; done
cp "$from/package.json" "$root/app"
show "$double" /double
mkdir -p "$root/run/secrets"
touch "$root/run/secrets/whatsapp_key"
mount --bind "$key" "$root/run/secrets/whatsapp_key"
mkdir "$root/data" "$root/proc" "$root/dev" "$root/tmp"
mount --bind "$data" "$root/data"
mount -t proc proc "$root/proc"
mount -t tmpfs -o ${SERVICE.tmpfs[0].replace('/tmp:', '')} tmpfs "$root/tmp"
mkdir "$root/dev/shm"
mount -t tmpfs -o size=${SERVICE.shm_size},mode=1777 tmpfs "$root/dev/shm"
for name in null zero full random urandom; do touch "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
ln -s /proc/self/fd "$root/dev/fd"
mount -o remount,ro "$root"
cd /
exec chroot "$root" "$@"
`
/** The clock that `soak -- days` moves. Only the program has it: libfaketime refuses the shared memory of another user's process 1. */
const CLOCK = ['LD_PRELOAD', 'FAKETIME', 'NO_FAKE_STAT'].flatMap((name) =>
  process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`],
)
const NO_CLOCK = { env: { LD_PRELOAD: '' } }
const AS_USER = [
  ...['setpriv', `--reuid=${UID}`, `--regid=${UID}`, '--clear-groups'],
  ...['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'],
]

type Container = Program & {
  port: string
  data: string
  key: string
  /** Runs a block of docs/deploy.md in the folder with the key. */
  paste(block: string): ReturnType<typeof ended>
  /** As `docker compose exec whatsapp`. */
  exec(command: string[]): Program
  signal(name: NodeJS.Signals): void
}

type StartOptions = {
  env?: Record<string, string>
  /** Owner and mode of the volume. */
  volume?: { owner: number; mode: number }
  /** A folder that the container shows as `/double`. */
  double?: string
}

/** Runs these arguments of the program. */
async function start(
  args: string[],
  { env = SERVICE.environment, volume = { owner: UID, mode: 0o700 }, double = temp() }: StartOptions = {},
): Promise<Container> {
  const [root, data, checkout] = [temp(), temp(), temp()]
  const port = await quietPort()
  const paste = (block: string) =>
    ended(
      [
        '-c',
        `sudo() { "$@"; }\ndocker() { :; }\nset -e\n${block.replaceAll('localhost:8790', `localhost:${port}`)}`,
      ],
      { cwd: checkout },
      'sh',
    )
  expect(await paste(SET_UP)).toMatchObject({ code: 0 })
  const keyFile = join(checkout, COMPOSE.secrets.whatsapp_key.file)
  expect(statSync(keyFile)).toMatchObject({ uid: UID, mode: 0o100600 })
  chownSync(data, volume.owner, volume.owner)
  chmodSync(data, volume.mode)
  const path = `PATH=${resolve(process.execPath, '..')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`
  const settings = Object.entries({ ...env, WHATSAPP_MCP_PORT: port }).map(
    ([name, value]) => `${name}=${value}`,
  )
  const inside = [...AS_USER, 'env', '-i', path, ...CLOCK, ...IMAGE_ENV, ...settings]
  const unshare = ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', SCRIPT, 'sh']
  const program = run(
    [...unshare, root, ROOT, data, keyFile, double, ...inside, ...ENTRY, ...args],
    NO_CLOCK,
    'unshare',
  )
  const first = () => {
    const { pid } = program.child
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? ''
  }
  return Object.assign(program, {
    port: String(port),
    data,
    key: readFileSync(keyFile, 'utf8').trim(),
    paste,
    exec: (command: string[]) =>
      run(
        ['--target', first(), '--mount', '--pid', '--root', '--wd', ...inside, ...command],
        NO_CLOCK,
        'nsenter',
      ),
    signal: (name: NodeJS.Signals) => void process.kill(Number(first()), name),
  })
}

/** As the image checks it. */
function health(port: string): number | null {
  const [command = '', ...args] = words('HEALTHCHECK')
  expect(command).toBe('node')
  return spawnSync(process.execPath, args, { env: { WHATSAPP_MCP_PORT: port } }).status
}

afterEach(endPrograms)

describe.skipIf(!canPlay)('the container', () => {
  it('listens as a user without a name, on a root that cannot be written, and ends with SIGTERM to process 1', async () => {
    const container = await start(words('CMD'))
    await expect.poll(() => health(container.port), { timeout: 60_000 }).toBe(0)
    const url = `http://127.0.0.1:${container.port}`
    expect((await fetch(`${url}/api/status`)).status).toBe(401)
    const headers = { authorization: `Bearer ${container.key}`, host: 'whatsapp:8790' }
    const answer = await fetch(`${url}/api/status`, { headers })
    expect(await answer.json()).toMatchObject({
      state: 'stopped',
      auth_dir: '/data',
      chrome_executable: expect.stringMatching(/chrom/),
    })
    const files = readdirSync(container.data, { recursive: true, encoding: 'utf8' })
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) expect(statSync(join(container.data, file)).uid, file).toBe(UID)
    container.signal('SIGTERM')
    expect(await container.exited, container.err).toBe(0)
    expect(health(container.port)).toBe(1)
  })

  it('is linked in the terminal and sends a message with the key, as docs/deploy.md says it to a new user', async () => {
    const double = temp()
    chmodSync(double, 0o755)
    const simulator = await openSimulator({ dataDir: temp(), pace: 'none', control: null, examples: true })
    chmodSync(writeBrowser(double, simulator.chromiumArgs), 0o755)
    const env = { ...SERVICE.environment, WHATSAPP_CHROME_EXECUTABLE: '/double/browser' }
    const container = await start(words('CMD'), { env, double })
    try {
      await expect.poll(() => health(container.port), { timeout: 60_000 }).toBe(0)
      const [, exec = ''] = /`docker compose exec whatsapp ([^`]* auth)`/.exec(DEPLOY) ?? []
      const linking = container.exec(exec.split(' '))
      await expect.poll(() => linking.out + linking.err, { timeout: 90_000 }).toMatch(/█|▀|▄/)
      await simulator.world.scan()
      expect(await linking.exited, linking.err).toBe(0)
      const sent = await container.paste(SEND)
      expect(JSON.parse(sent.out), sent.err).toMatchObject({ ok: true, chat_id: '15551234567@c.us' })
      const body = 'Hello from a container'
      expect(simulator.world.messages().filter((one) => one.body === body && one.fromMe)).toHaveLength(1)
      const keys = container.exec([...exec.split(' ').slice(0, -1), 'keys', 'create', 'n8n'])
      expect(await keys.exited, keys.err).toBe(0)
      container.signal('SIGTERM')
      expect(await container.exited, container.err).toBe(0)
    } finally {
      await simulator.close()
    }
  })

  it('runs the sandbox', async () => {
    const flags = ['--dir', '/data/sandbox', '--phone-port', '0', '--pace', 'none']
    const container = await start(['sandbox', '--linked', '--port', String(await quietPort()), ...flags])
    const url = () => /(http:\/\/[\w.:]+)\/api\/chats/.exec(container.out)?.[1]
    await expect.poll(url, { timeout: 90_000, message: container.err }).toBeDefined()
    const body = { phone_number: '15551234567', message: 'From a container' }
    expect(await call(`${url()}/api/send`, body)).toMatchObject({ ok: true })
    container.signal('SIGTERM')
    expect(await container.exited).toBe(0)
  })

  it.each([
    ['root', 0, 0o755],
    ['another user, who opens it to nobody', 1_234, 0o700],
  ])('says what to do where its volume belongs to %s', async (_, owner, mode) => {
    const container = await start(words('CMD'), { volume: { owner, mode } })
    expect(await container.exited).toBe(3)
    expect(container.err).toMatch(/^The directory \/data belongs to another user\..*chown -R 10001/m)
  })

  it('listens for nobody without a key', async () => {
    const container = await start(words('CMD'), { env: {} })
    expect(await container.exited).toBe(2)
    expect(container.err).toMatch(/WHATSAPP_MCP_KEY_FILE/)
  })
})

describe('the files', () => {
  it('Dockerfile has no flaw that its linter finds', () => {
    expect(validate(TEXT).map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([])
  })

  it('compose.yaml follows the schema of Compose, and its linter finds no flaw', () => {
    const linter = new DCLinter({
      // The formatter decides about quotes.
      rules: { 'require-quotes-in-ports': 0 },
      quiet: false,
      debug: false,
      exclude: [],
    })
    const found = linter.lintFiles([join(ROOT, 'compose.yaml')], false)
    const flaws = found
      .flatMap(({ messages }) => messages)
      .map(({ line, rule, message }) => `${line} ${rule}: ${message}`)
    expect(flaws).toEqual([])
  })

  it('the image gets no session, no secret and no build of this folder', () => {
    const [first, ...rest] = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(first).toBe('*')
    const transport = 'clients/typescript/src/transport'
    const copied = ['LICENSE', 'package.json', 'package-lock.json', 'scripts', 'simulator', 'src', transport]
    expect(rest).toEqual(copied.map((name) => `!${name}`))
  })
})
