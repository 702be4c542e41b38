import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, it } from 'vitest'
import { memoryOfTree } from './process-memory.ts'

const MB = 2 ** 20
const FILL = `globalThis.kept = Buffer.alloc(60 * ${MB}, 1); console.log('full'); setInterval(() => {}, 1000)`
let child: ChildProcess | undefined
afterEach(() => child?.kill('SIGKILL'))

it.skipIf(process.platform === 'win32')('counts a process and what is below it', async () => {
  const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(FILL)}], { stdio: 'inherit' });${FILL}`
  child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  let text = ''
  child.stdout?.on('data', (part) => {
    text += part
  })
  await expect.poll(() => text, { timeout: 20_000 }).toBe('full\nfull\n')
  const bytes = await memoryOfTree(child.pid ?? 0)
  expect(bytes).toBeGreaterThan(120 * MB)
  expect(bytes).toBeLessThan(400 * MB)
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  await once(child, 'exit')
  await expect.poll(() => memoryOfTree(child?.pid ?? 0)).toBeNull()
})

it('does not know a process that does not exist', async () => {
  expect(await memoryOfTree(2 ** 30)).toBeNull()
})
