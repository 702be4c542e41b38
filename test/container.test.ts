/**
 * The container, played: no image can be built where tests run. The last stage of the Dockerfile is read, and its command runs in
 * namespaces as its user, on a root that cannot be written, without HOME, with its volume and its secret. Needs root on Linux.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DCLinter } from 'dclint'
import { validate } from 'dockerfile-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { call, endPrograms, type Program, quietPort, run, temp } from './program.ts'

const ROOT = resolve(import.meta.dirname, '..')
const TEXT = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
const KEY = 'a-key-of-the-container-that-is-long-enough'

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
root=$1 from=$2 data=$3 secrets=$4; shift 4
show() { mkdir -p "$root$2"; mount --bind "$1" "$root$2"; mount -o remount,bind,ro "$root$2"; }
mount --make-rprivate /
mount -t tmpfs -o size=2m,mode=755 tmpfs "$root"
for dir in ${SYSTEM.join(' ')}; do
  if [ -L "$dir" ]; then cp -P "$dir" "$root$dir"; else show "$dir" "$dir"; fi
done
for name in dist node_modules; do show "$from/$name" "/app/$name"; done
cp "$from/package.json" "$root/app"
show "$secrets" /run/secrets
mkdir "$root/data" "$root/proc" "$root/dev" "$root/tmp"
mount --bind "$data" "$root/data"
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=512m,mode=1777 tmpfs "$root/tmp"
mkdir "$root/dev/shm"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/dev/shm"
for name in null zero full random urandom; do touch "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
ln -s /proc/self/fd "$root/dev/fd"
mount -o remount,ro "$root"
cd /
exec chroot --userspec=${UID}:${UID} "$root" env -i "$@"
`

type Container = Program & { port: string; data: string; signal(name: NodeJS.Signals): void }

/** Runs these arguments of the program. `volume`: its owner and mode. */
async function start(
  args: string[],
  env: string[] = [],
  volume = { owner: UID, mode: 0o700 },
): Promise<Container> {
  const [root, data, secrets] = [temp(), temp(), temp()]
  const secret = join(secrets, 'whatsapp_key')
  writeFileSync(secret, `${KEY}\n`, { mode: 0o600 })
  chmodSync(secrets, 0o755)
  chownSync(secret, UID, UID)
  chownSync(data, volume.owner, volume.owner)
  chmodSync(data, volume.mode)
  const port = await quietPort()
  const path = `PATH=${resolve(process.execPath, '..')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`
  const inside = [path, ...IMAGE_ENV, `WHATSAPP_MCP_PORT=${port}`, ...env]
  const unshare = ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', SCRIPT, 'sh']
  const program = run([...unshare, root, ROOT, data, secrets, ...inside, ...ENTRY, ...args], {}, 'unshare')
  return Object.assign(program, {
    port: String(port),
    data,
    signal(name: NodeJS.Signals) {
      const { pid } = program.child
      const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
      process.kill(Number(first), name)
    },
  })
}

const LISTENS = [
  ...['WHATSAPP_MCP_KEY_FILE=/run/secrets/whatsapp_key', 'WHATSAPP_MCP_ALLOWED_HOSTS=whatsapp'],
  'WHATSAPP_MCP_LOG_LEVEL=info',
]

/** As the image checks it. */
function health(port: string): number | null {
  const [command = '', ...args] = words('HEALTHCHECK')
  expect(command).toBe('node')
  return spawnSync(process.execPath, args, { env: { WHATSAPP_MCP_PORT: port } }).status
}

afterEach(endPrograms)

describe.skipIf(!canPlay)('the container', () => {
  it('listens as a user without a name, on a root that cannot be written, and ends with SIGTERM to process 1', async () => {
    const container = await start(words('CMD'), LISTENS)
    await expect.poll(() => health(container.port), { timeout: 60_000 }).toBe(0)
    const url = `http://127.0.0.1:${container.port}`
    expect((await fetch(`${url}/api/status`)).status).toBe(401)
    const headers = { authorization: `Bearer ${KEY}`, host: 'whatsapp:8790' }
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

  it('links, and sends a message, with the browser of the image', async () => {
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
    const container = await start(words('CMD'), LISTENS, { owner, mode })
    expect(await container.exited).toBe(3)
    expect(container.err).toMatch(/^The directory \/data belongs to another user\..*chown -R 10001/m)
  })

  it('listens for nobody without a key', async () => {
    const container = await start(words('CMD'))
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
    const copied = ['LICENSE', 'package.json', 'package-lock.json', 'scripts', 'simulator', 'src']
    expect(rest).toEqual(copied.map((name) => `!${name}`))
  })
})
