/** The page's life: connect, show a QR or open the saved link, sync, stay connected, leave. */
import type { Credentials, Push, WireAccount } from '../wire.ts'
import { createConnection } from './connection.ts'
import { learnGroups, whenSynced } from './live.ts'
import { setOwner } from './msg-key.ts'
import { boot, connection, page, showStatus } from './page.ts'
import { isMe, learnPeople, myPhoneWid } from './people.ts'
import { receiveAck, receiveMessage, receiveSnapshot } from './receive.ts'
import { Conn, cmd, Socket, type SocketState, Stream } from './socket-model.ts'
import { clearStorage, readCredentials, readRegistration, writeCredentials } from './storage.ts'
import { learnChat, learnContacts } from './stores.ts'

/** Between two tries to get a lost connection back. */
const retryMs = { first: 250, most: 10_000 }
/** What the page takes to destroy its databases before it leaves for `/?post_logout=1`. */
const teardownMs = 400

let credentials: Credentials | null = null
let isLeaving = false
let isSynced = false
let retries = 0

function setState(state: SocketState): void {
  showStatus(`Socket: ${state}`)
  Socket.set({ state, stream: state === 'CONNECTED' ? 'CONNECTED' : 'DISCONNECTED' })
}

/** Start the page. Never rejects: what goes wrong shows in the socket's state. */
export async function startPage(): Promise<void> {
  setOwner(isMe)
  Socket.actions = { logout, takeover, reconnect: () => void connect() }
  page.connection = createConnection(onPush, onLost)
  credentials = await readCredentials()
  await connect()
}

async function connect(): Promise<void> {
  setState('OPENING')
  try {
    await connection().open()
  } catch {
    onLost()
    return
  }
  const registration = credentials ? null : await readRegistration()
  const greeting = await connection().ask('hello', { credentials, registration })
  retries = 0
  connection().repeat()
  if (greeting.kind === 'linked') await enter(greeting.account)
  else if (greeting.kind === 'removed') await leaveRemoved(greeting.navigate)
  else await connection().ask('refs', { mode: 'qr' })
}

/** Linked: connected, then everything that the service holds, then `hasSynced` as an event. */
async function enter(account: WireAccount): Promise<void> {
  page.account = account
  learnPeople([{ ...account, name: null, lidChat: false }])
  Conn.set({ wid: myPhoneWid(), pushname: account.pushname, platform: account.platform, connected: true })
  Stream.set({ mode: isSynced ? 'MAIN' : 'SYNCING' })
  setState('CONNECTED')
  if (isSynced) {
    receiveSnapshot(await connection().ask('resume', {}))
    return
  }
  receiveSnapshot(await connection().ask('sync', {}))
  for (const percent of [0, 50, 100]) whenSynced.progress(percent)
  isSynced = true
  if (boot.holdSync) await Socket.untilSomebodyListens()
  Stream.set({ mode: 'MAIN' })
  Socket.set({ hasSynced: true })
}

function onLost(): void {
  if (isLeaving || Socket.get('state') === 'CONFLICT') return
  setState('TIMEOUT')
  const waitMs = Math.min(retryMs.first * 2 ** retries, retryMs.most)
  retries += 1
  setTimeout(() => void connect(), waitMs)
}

function onPush(push: Push): void {
  switch (push.push) {
    case 'ref':
      Conn.set({ ref: push.ref })
      setState('UNPAIRED')
      break
    case 'idle':
      Conn.set({ ref: undefined })
      setState('UNPAIRED_IDLE')
      break
    case 'paired':
      void pair(push.credentials)
      break
    case 'message':
      receiveMessage(push.message)
      break
    case 'ack':
      receiveAck(push.id, push.ack)
      break
    case 'people':
      learnPeople(push.people)
      learnContacts(push.people, new Set())
      break
    case 'group':
      learnGroups([push.group])
      learnChat(push.chat)
      break
    case 'chat':
      learnChat(push.chat)
      break
    case 'removed':
      void leaveRemoved(push.navigate)
      break
    case 'replaced':
      setState('CONFLICT')
      connection().close()
      break
    case 'passkey':
    case 'fault':
      break
  }
}

/** The phone accepted: keep the credentials, then start the stream anew with them (the server's 515). */
async function pair(fresh: Credentials): Promise<void> {
  setState('PAIRING')
  await writeCredentials(fresh)
  credentials = fresh
  connection().close()
  await connect()
}

async function takeover(): Promise<void> {
  await connect()
}

async function logout(): Promise<void> {
  await connection().ask('logout', {})
  await forget()
  leave('0')
}

/** The phone removed this device. With `navigate` the page goes to the landing page, else it only is UNPAIRED. */
async function leaveRemoved(navigate: boolean): Promise<void> {
  await forget()
  if (navigate) {
    leave('1')
    return
  }
  setState('UNPAIRED')
}

async function forget(): Promise<void> {
  isLeaving = true
  credentials = null
  await clearStorage()
}

/** First the command, which the library waits for, then the navigation. */
function leave(reason: string): void {
  cmd.trigger('logout')
  setTimeout(() => location.replace(`/?post_logout=1&logout_reason=${reason}`), teardownMs)
}
