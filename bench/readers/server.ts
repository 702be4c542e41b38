/**
 * The app of a checkout, without a browser: messages come in as the engine reports them. Arguments: the checkout, the session
 * folder. Prints its URL; a line of standard input begins (messages a second) or ends (0) the traffic.
 */
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { toMessage } from '../archive/recording.ts'
import { BUSY, busyChat, stamp } from './stamp.ts'

const [root = '', authDir = ''] = process.argv.slice(2)
const load = (path: string) => import(pathToFileURL(`${root}/src/${path}`).href)
const [{ createApp }, { readConfig }, { createLog }]: [
  typeof import('../../src/app.ts'),
  typeof import('../../src/config.ts'),
  typeof import('../../src/log.ts'),
] = await Promise.all([load('app.ts'), load('config.ts'), load('log.ts')])

const app = await createApp({
  config: readConfig({
    env: { ...process.env, WHATSAPP_AUTH_DIR: authDir, WHATSAPP_MCP_PORT: '0' },
    root: authDir,
  }),
  log: createLog({ level: 'silent' }),
  chromeExecutable: null,
  openEngine: () => () => Promise.reject(new Error('there is no browser here')),
})
const { url } = await app.listen()
console.log(JSON.stringify({ url }))

let traffic: NodeJS.Timeout | undefined
let written = 0
for await (const line of createInterface({ input: process.stdin })) {
  clearInterval(traffic)
  const perSecond = Number(line)
  if (perSecond === 0) continue
  const from = performance.now()
  let told = 0
  traffic = setInterval(() => {
    const due = Math.floor(((performance.now() - from) * perSecond) / 1000)
    for (; told < due; told += 1) {
      written += 1
      const message = toMessage(900_000_000 + written, busyChat(written % BUSY), stamp(), Date.now() / 1000)
      app.archive.take({ type: 'message', message: { ...message, sentAt: Math.floor(message.sentAt) } })
    }
  }, 1)
}
clearInterval(traffic)
await app.close()
