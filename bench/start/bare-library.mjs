/** The other contestant: whatsapp-web.js as it comes, a process of its own that reports in JSON lines and obeys lines. */

import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import wweb from 'whatsapp-web.js'

/** @param {Record<string, unknown>} line */
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
say({ event: 'imported' })

const [dataPath, executablePath] = process.argv.slice(2)
const isRoot = process.getuid?.() === 0
const client = new wweb.Client({
  authStrategy: new wweb.LocalAuth({ clientId: 'default', ...(dataPath ? { dataPath } : {}) }),
  webVersionCache: { type: 'none' },
  puppeteer: {
    headless: true,
    ...(executablePath ? { executablePath } : {}),
    // Chromium refuses to run as root with its own sandbox.
    args: isRoot ? ['--no-sandbox'] : [],
  },
})
client.on('qr', () => say({ event: 'qr' }))
client.on('authenticated', () => say({ event: 'authenticated' }))
client.on('ready', () => say({ event: 'ready' }))
client.on('message', (message) => {
  say({ event: 'received' })
  if (process.env.WEBHOOK_URL) void post(process.env.WEBHOOK_URL, message)
})

/**
 * Posts the library's own object, as wwebjs-api (avoylenko/wwebjs-api, src/utils.js) does: once, unsigned, and nothing is kept.
 * @param {string} url @param {unknown} message
 */
async function post(url, message) {
  const body = JSON.stringify({ dataType: 'message', data: { message }, sessionId: 'default' })
  await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

/** What our server says to the library, so that the two do the same work. */
const careful = { sendSeen: false, linkPreview: false, parseVCards: false, waitUntilMsgSent: true }

/**
 * Resolves when WhatsApp's server has the message. `plain`: the library's own options, to an address taken for granted;
 * `same_work`: the number is looked up first, and the options are those of our server.
 * @param {string} how @param {string} number @param {string} text
 */
async function send(how, number, text) {
  const startedAt = performance.now()
  if (how === 'same_work') {
    const id = await client.getNumberId(number)
    if (id === null) throw new Error(`${number} is not known`)
    await client.sendMessage(id._serialized, text, careful)
  } else {
    await client.sendMessage(`${number}@c.us`, text, { waitUntilMsgSent: true })
  }
  say({ event: 'sent', ms: performance.now() - startedAt })
}

/** All chats, as the library gives them. */
async function chats() {
  const startedAt = performance.now()
  const found = await client.getChats()
  say({ event: 'chats', count: found.length, ms: performance.now() - startedAt })
}

/**
 * A file of the disk as a document, until WhatsApp's server has its message.
 * @param {string} number @param {string} path
 */
async function sendFile(number, path) {
  const startedAt = performance.now()
  const media = wweb.MessageMedia.fromFilePath(path)
  await client.sendMessage(`${number}@c.us`, media, { ...careful, sendMediaAsDocument: true })
  say({ event: 'sent', ms: performance.now() - startedAt })
}

/**
 * The bytes of a message's media.
 * @param {string} id
 */
async function fetchMedia(id) {
  const startedAt = performance.now()
  const media = await (await client.getMessageById(id)).downloadMedia()
  const bytes = Buffer.from(media.data, 'base64')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  say({ event: 'fetched', sha256, ms: performance.now() - startedAt })
}

/** A command is one line: `send HOW NUMBER TEXT`, `file NUMBER PATH`, `fetch ID`, `chats` or `end`. */
createInterface({ input: process.stdin }).on('line', async (line) => {
  const [verb = '', how = '', number = '', ...words] = line.split(' ')
  if (verb === 'send') return send(how, number, words.join(' '))
  if (verb === 'file') return sendFile(how, number)
  if (verb === 'fetch') return fetchMedia(how)
  if (verb === 'chats') return chats()
  await client.destroy()
  process.exit(0)
})

await client.initialize()
