/**
 * For tests of the double: the real, unmodified whatsapp-web.js in a real Chromium that connects to the
 * double.
 */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import wweb from 'whatsapp-web.js'
import type { Simulator } from './simulator.ts'
import { ignoreGonePages } from './unhandled.ts'

export type LibraryClient = {
  client: wweb.Client
  MessageMedia: typeof wweb.MessageMedia
  /** Events so far, oldest first. */
  events: { name: string; args: unknown[] }[]
  /** The outcome of `initialize()`: resolved, or the reason of the rejection. */
  initialized: Promise<'resolved' | { rejected: unknown }>
  /** First event of this name, past or future; rejects after `limitMs` (default 60 s: a browser may start meanwhile). */
  event<T = unknown>(name: string, test?: (argument: T) => boolean, limitMs?: number): Promise<T>
  count(name: string): number
  /** Closes the browser, keeps the profile. */
  stop(): Promise<void>
  /** Closes the browser even while `initialize()` hangs. */
  kill(): Promise<void>
}

/** True if `promise` is still pending after `ms`. */
export function isPending(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const settled = promise.then(
    () => false,
    () => false,
  )
  return Promise.race([settled, new Promise<boolean>((resolve) => setTimeout(() => resolve(true), ms))])
}

const names = [
  'qr',
  'code',
  'authenticated',
  'auth_failure',
  'ready',
  'message_create',
  'message',
  'message_ack',
  'message_edit',
  'message_reaction',
  'message_revoke_everyone',
  'message_revoke_me',
  'message_ciphertext',
  'unread_count',
  'chat_archived',
  'chat_removed',
  'group_join',
  'group_leave',
  'group_admin_changed',
  'group_update',
  'change_state',
  'disconnected',
  'loading_screen',
]

/** A folder for browser profiles, and the function that removes it. */
export function makeProfileFolder(): { path: string; remove(): Promise<void> } {
  const path = mkdtempSync(join(tmpdir(), 'simulator-'))
  // A browser that is closing still writes.
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }) }
}

/** Creates a Client on `profiles` and starts it. */
export function startClient(
  simulator: Simulator,
  profiles: string,
  options: Partial<wweb.ClientOptions> = {},
): LibraryClient {
  ignoreGonePages()
  const isRoot = process.getuid?.() === 0
  const client = new wweb.Client({
    authStrategy: new wweb.LocalAuth({ clientId: 'default', dataPath: profiles }),
    webVersionCache: { type: 'none' },
    puppeteer: {
      executablePath: process.env.WHATSAPP_CHROME_EXECUTABLE ?? '/usr/bin/chromium',
      pipe: true,
      headless: true,
      args: [...simulator.chromiumArgs, ...(isRoot ? ['--no-sandbox'] : [])],
    },
    ...options,
  })
  const events: LibraryClient['events'] = []
  const watchers = new Set<() => void>()
  for (const name of names) {
    client.on(name, (...args: unknown[]) => {
      events.push({ name, args })
      for (const watcher of [...watchers]) watcher()
    })
  }
  const initialized: LibraryClient['initialized'] = client.initialize().then(
    () => 'resolved' as const,
    (rejected: unknown) => ({ rejected }),
  )
  return {
    client,
    MessageMedia: wweb.MessageMedia,
    events,
    initialized,
    count: (name) => events.filter((event) => event.name === name).length,
    event<T>(name: string, test: (argument: T) => boolean = () => true, limitMs = 60_000): Promise<T> {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          for (const event of events) {
            const [argument] = event.args as [T]
            if (event.name !== name || !test(argument)) continue
            clearTimeout(timer)
            watchers.delete(look)
            resolve(argument)
            return
          }
        }
        const timer = setTimeout(() => {
          watchers.delete(look)
          reject(
            new Error(`no ${name} within ${limitMs} ms; there were ${events.map((e) => e.name).join(', ')}`),
          )
        }, limitMs)
        watchers.add(look)
        look()
      })
    },
    async stop() {
      await initialized
      await client.destroy().catch(() => {})
    },
    async kill() {
      await client.pupBrowser?.close().catch(() => {})
      await initialized
    },
  }
}

/** Starts, scans, waits for `ready`. */
export async function startLinkedClient(
  simulator: Simulator,
  profiles: string,
  options: Partial<wweb.ClientOptions> = {},
): Promise<LibraryClient> {
  const started = startClient(simulator, profiles, options)
  await started.event('qr')
  await simulator.world.scan()
  await started.event('ready')
  return started
}
