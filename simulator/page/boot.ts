/** The life of the page: connect, show a QR code or load the saved session, sync, stay connected, leave. */
import type { Credentials, Greeting, Push } from '../wire.ts'
import { receiveChange } from './changes.ts'
import { createConnection } from './connection.ts'
import { actOnFault, repeatSynced } from './fault-acts.ts'
import { isOn, numberOf } from './faults.ts'
import { learnChat } from './learn.ts'
import { learnGroups, whenSynced } from './live.ts'
import { setOwner } from './msg-key.ts'
import { showNews } from './news.ts'
import { askForPasskey, boot, connection, page } from './page.ts'
import { isMe, learnPeople, myPhoneWid } from './people.ts'
import { generateAdvSecret, showRef } from './qr.ts'
import { receiveAck, receiveDecrypted, receiveMessage, receivePiece } from './receive.ts'
import { Conn, cmd, Socket, Stream } from './socket-model.ts'
import { setState } from './state.ts'
import { clearStorage, readCredentials, readRegistration, writeCredentials } from './storage.ts'
import { Chat, Msg, Newsletters } from './stores.ts'
import { wantedState } from './wanted-state.ts'

/** Between two attempts to reconnect. */
const retryMs = { first: 250, most: 4000 }
/** The time in which the page destroys its databases before it navigates to `/?post_logout=1`. */
const teardownMs = 400

/** Interval at which the page checks whether a client listens for messages. */
const lateMs = 25
/** Fault `sync_slow`: between two reports of the progress. */
const slowMs = 25
/** After UNPAIRED without navigation, until the page shows a QR code. */
const unpairedMs = 1000

let credentials: Credentials | null = null
let isLeaving = false
let isSynced = false
let retries = 0
/** Counts connections: the waits of an older connection are ignored. */
let generation = 0
let onReady = (): void => {}

/**
 * Starts the page. Never rejects: errors show in the socket's state. `whenShown` is called when a QR code is
 * about to be shown, or `hasSynced` has fired.
 */
export async function startPage(whenShown: () => void): Promise<void> {
  setOwner(isMe)
  onReady = whenShown
  Socket.actions = { logout, takeover: connect, reconnect: () => void connect() }
  page.connection = createConnection(onPush, onLost)
  credentials = await readCredentials()
  if (!credentials) onReady()
  await connect()
}

/** Every connection, linked or not, passes OPENING and, once its socket is open, PAIRING (WALC#34). */
async function connect(): Promise<void> {
  generation += 1
  const mine = generation
  setState('OPENING')
  if (isOn('opening_forever')) return
  try {
    await connection().open()
  } catch {
    if (mine === generation) onLost()
    return
  }
  if (mine !== generation) return
  setState('PAIRING')
  const registration = credentials ? null : await readRegistration()
  const greeting = await connection().ask('hello', {
    credentials,
    registration,
    browserNames: browserNames(),
  })
  if (mine !== generation) return
  retries = 0
  connection().repeat()
  if (greeting.kind === 'linked') await enter(greeting, mine)
  else if (greeting.kind === 'removed') await leaveRemoved(greeting.navigate)
  else await connection().ask('refs', { advSecret: generateAdvSecret() })
}

/** What scripts can read of the browser's name. TypeScript does not know `userAgentData` yet. */
function browserNames(): string[] {
  const data: unknown = Reflect.get(navigator, 'userAgentData')
  return [navigator.userAgent, `brands ${JSON.stringify(data && Reflect.get(Object(data), 'brands'))}`]
}

/** Linked: connected, then all data of the service, then `hasSynced` as an event. */
async function enter({ account, news }: Extract<Greeting, { kind: 'linked' }>, mine: number): Promise<void> {
  page.account = account
  learnPeople([{ ...account, name: null, lidChat: false }])
  Conn.set({ wid: myPhoneWid(), pushname: account.pushname, platform: account.platform, connected: true })
  Stream.set({ mode: isSynced ? 'MAIN' : 'SYNCING' })
  setState(wantedState() ?? 'CONNECTED')
  // The world arrives in pieces, as pushes before this response.
  await connection().ask(isSynced ? 'resume' : 'sync', {})
  if (mine !== generation || isSynced) return
  while (isOn('sync_slow')) {
    whenSynced.progress(numberOf('sync_slow', 'percent', 0))
    await new Promise((resolve) => setTimeout(resolve, slowMs))
  }
  for (const percent of [0, 50, 100]) whenSynced.progress(percent)
  isSynced = true
  if (isOn('sync_never')) return
  const seen = news ? showNews() : null
  if (news?.blocks) await seen
  if (boot.holdSync && !isOn('sync_before_attach')) await Socket.untilSomebodyListens()
  Stream.set({ mode: 'MAIN' })
  Socket.set({ hasSynced: true })
  onReady()
  void askForLate(mine)
  await repeatSynced()
}

/**
 * Requests the late part of the backlog when a client listens for messages, or at once (fault
 * `backlog_deaf`).
 */
async function askForLate(mine: number): Promise<void> {
  while (!isOn('backlog_deaf') && !Msg.isListening('add')) {
    await new Promise((resolve) => setTimeout(resolve, lateMs))
    if (mine !== generation) return
  }
  await connection().ask('late', {})
}

function onLost(): void {
  if (isLeaving || Socket.get('state') === 'CONFLICT') return
  generation += 1
  setState('TIMEOUT')
  const waitMs = Math.min(retryMs.first * 2 ** retries, retryMs.most)
  retries += 1
  setTimeout(() => void connect(), waitMs)
}

function onPush(push: Push): void {
  if (receiveChange(push)) return
  switch (push.push) {
    case 'ref':
      showRef(push.ref)
      break
    case 'idle':
      setState('UNPAIRED_IDLE')
      break
    case 'paired':
      void pair(push.credentials)
      break
    case 'message':
      receiveMessage(push.message)
      break
    case 'decrypted':
      receiveDecrypted(push.message)
      break
    case 'ack':
      receiveAck(push.id, push.ack)
      break
    case 'piece':
      receivePiece(push.piece)
      break
    case 'group':
      learnGroups([push.group])
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
      void askForPasskey(() => void connection().ask('passkey_confirm', {}))
      break
    case 'count':
      void connection().ask('counted', { n: push.n, ...countMessages() })
      break
    case 'fault':
      actOnFault(push.name, push.value)
      void connection().ask('acted', { n: push.n })
      break
  }
}

/**
 * The phone accepted: stores the credentials, then restarts the stream with them (the server's 515). The
 * acceptance itself is not a state of the socket: OPENING follows UNPAIRED.
 */
async function pair(fresh: Credentials): Promise<void> {
  await writeCredentials(fresh)
  credentials = fresh
  connection().close()
  await connect()
}

async function logout(): Promise<void> {
  if (isOn('logout_hangs')) await new Promise(() => {})
  if (isOn('logout_throws')) throw new Error('logout: stream is gone')
  await connection().ask('logout', {})
  isLeaving = true
  await forget()
  leave('0')
}

/**
 * The phone removed this device. With `navigate` the page navigates to the landing page; without it the page
 * changes to UNPAIRED in place (its profile may be closed before the keys are removed), and shows a QR code a
 * little later.
 */
async function leaveRemoved(navigate: boolean): Promise<void> {
  isLeaving = true
  if (navigate) {
    await forget()
    leave('1')
    return
  }
  const wasConnected = Socket.get('state') === 'CONNECTED'
  if (wasConnected) setState('UNPAIRED')
  await forget()
  connection().close()
  isLeaving = false
  setTimeout(() => void connect(), wasConnected ? unpairedMs : 0)
}

function countMessages(): { messages: number; inChats: number } {
  const chats = [...Chat.getModelsArray(), ...Newsletters.getModelsArray()]
  return { messages: Msg.length, inChats: chats.reduce((sum, { msgs }) => sum + msgs.length, 0) }
}

async function forget(): Promise<void> {
  credentials = null
  await clearStorage()
}

/** First the command, which the library waits for, then the navigation. */
function leave(reason: string): void {
  cmd.trigger('logout')
  setTimeout(() => location.replace(`/?post_logout=1&logout_reason=${reason}`), teardownMs)
}
