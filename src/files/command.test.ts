/** Programs of the settings, with real processes: what they print, and what hostile ones cost. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isAlive } from '../is-alive.ts'
import { CommandError, type CommandLimits, printedOf } from './command.ts'

let dir: string
let file: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-command-'))
  file = join(dir, 'a file.bin')
  writeFileSync(file, 'some bytes')
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const LIMITS: CommandLimits = { ms: 100_000, memoryBytes: 512 * 2 ** 20, characters: 100 }
const STAYS = new AbortController().signal
/** Takes nearly a GiB, and no more: a loaded machine looks late, and its kernel would end what takes all of its memory. */
const HUNGRY = 'const a = []; setInterval(() => a.length < 30 && a.push(Buffer.alloc(2 ** 25, 1)), 5)'

/** Runs this script with the path of the file as its argument. */
const run = (script: string, limits: Partial<CommandLimits> = {}, signal = STAYS) =>
  printedOf([process.execPath, '-e', script, '{file}'], file, { ...LIMITS, ...limits }, signal)

const faultOf = (work: Promise<string>) =>
  work.then(
    (text) => `printed ${text}`,
    (error) => (error instanceof CommandError ? error.fault : error),
  )

it('it reads the file, in its folder, without input', async () => {
  const script = `process.stdin.resume(); console.log(require('fs').readFileSync(process.argv[1], 'utf8'), process.cwd())`
  expect(await run(script)).toBe(`some bytes ${dir}\n`)
})

it('no shell reads its words', async () => {
  const words = [
    process.execPath,
    '-e',
    'console.log(process.argv.slice(1).join("|"))',
    '$(id)',
    '`id`;{file}',
  ]
  expect(await printedOf(words, file, LIMITS, STAYS)).toBe(`$(id)|\`id\`;${file}\n`)
})

it('it gets no settings and keys of this server', async () => {
  process.env.WHATSAPP_MCP_KEY = 'nobody knows this'
  try {
    const names = await run('console.log(Object.keys(process.env).filter((name) => /whatsapp/i.test(name)))')
    expect(names).toBe('[]\n')
  } finally {
    delete process.env.WHATSAPP_MCP_KEY
  }
})

it.each<[string, string, Partial<CommandLimits>, string]>([
  [
    'endless output',
    `for (;;) require('fs').writeSync(1, 'é'.repeat(1000))`,
    {},
    `printed ${'é'.repeat(100)}`,
  ],
  ['a hang', 'setInterval(() => {}, 1000)', { ms: 700 }, 'time'],
  ['a loop', 'for (;;);', { ms: 700 }, 'time'],
  ['a failure', 'console.log("half"); process.exit(1)', {}, 'exit'],
  ['a crash', 'process.kill(process.pid, "SIGSEGV"); setInterval(() => {}, 1000)', {}, 'exit'],
  ['much memory', HUNGRY, {}, 'memory'],
  ['bytes that are no text', `process.stdout.write(Buffer.from([0xff, 0x41]))`, {}, 'printed \ufffdA'],
  ['nothing', '', {}, 'printed '],
])('%s', async (_, script, limits, ends) => {
  expect(await faultOf(run(script, limits))).toBe(ends)
})

it('what it started ends with it, also where it holds the output', async () => {
  const pids = join(dir, 'pid')
  const script = `const { spawn } = require('child_process')
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
    require('fs').writeFileSync(${JSON.stringify(pids)}, String(child.pid)); console.log('words'); process.exit(0)`
  expect(await run(script)).toBe('words\n')
  await expect.poll(() => isAlive(Number(readFileSync(pids, 'utf8')))).toBe(false)
})

it('memory of what it started counts', async () => {
  const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(HUNGRY)}]); setInterval(() => {}, 1000)`
  expect(await faultOf(run(script))).toBe('memory')
})

it('a program that is not there', async () => {
  for (const program of ['/nowhere/x', 'no-such-program-of-ours', file])
    expect(await faultOf(printedOf([program, '{file}'], file, LIMITS, STAYS))).toBe('missing')
})

it('it ends when the server stops', async () => {
  const stopping = new AbortController()
  const running = faultOf(run('setInterval(() => {}, 1000)', {}, stopping.signal))
  setTimeout(() => stopping.abort(), 200)
  expect(await running).toBe('stopped')
  expect(await faultOf(run('', {}, stopping.signal))).toBe('stopped')
})
