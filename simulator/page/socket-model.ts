/** `Socket`, `Conn`, `Stream` and `Cmd`: the page's state as models and the bus of commands. */
import { Emitter } from './emitter.ts'
import { declareProps, Model } from './model.ts'
import { refuse } from './registry.ts'
import type { Wid } from './wid.ts'

const socketStates = [
  'OPENING',
  'PAIRING',
  'UNPAIRED',
  'UNPAIRED_IDLE',
  'CONNECTED',
  'TIMEOUT',
  'CONFLICT',
  'UNLAUNCHED',
  'PROXYBLOCK',
  'TOS_BLOCK',
  'SMB_TOS_BLOCK',
  'DEPRECATED_VERSION',
] as const

/** States of the socket (wa-js: enums/SOCKET_STATE.ts). */
export type SocketState = (typeof socketStates)[number]

/** Is this text a state of the socket? */
export function isSocketState(text: unknown): text is SocketState {
  return socketStates.some((state) => state === text)
}

type SocketProps = { state: SocketState; hasSynced: boolean; stream: string }

/** What the model does when a client calls its methods; put in by the boot. */
export type SocketActions = {
  logout(): Promise<void>
  takeover(): Promise<void>
  reconnect(): void
}

/** `WAWebSocketModel.Socket`. */
export class SocketModel extends Model<SocketProps> {
  actions: SocketActions | null = null
  #onSynced: (() => void) | null = null

  /** Resolves once somebody listens to `change:hasSynced`. */
  untilSomebodyListens(): Promise<void> {
    if (this.isListening('change:hasSynced')) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onSynced = resolve
    })
  }

  protected override onSubscribe(names: string): void {
    if (names.split(' ').includes('change:hasSynced')) this.#onSynced?.()
  }

  /** Unlink this device. Resolves when the server was told and the profile's keys are gone; then the page leaves. */
  logout(): Promise<void> {
    return this.#actions().logout()
  }

  /** Take the session back after CONFLICT. */
  takeover(): Promise<void> {
    return this.#actions().takeover()
  }

  reconnect(): void {
    this.#actions().reconnect()
  }

  #actions(): SocketActions {
    if (!this.actions) throw new Error('simulator: the socket is not launched')
    return this.actions
  }
}

declareProps(SocketModel, ['state', 'hasSynced', 'stream'])

type ConnProps = {
  ref: string | undefined
  wid: Wid
  pushname: string
  platform: string
  battery: number
  plugged: boolean
  connected: boolean
  lc: string
  lg: string
  is24h: boolean
}

/** `WAWebConnModel.Conn`. */
export class ConnModel extends Model<ConnProps> {
  canSetMyPushname(): boolean {
    return true
  }
}

declareProps(ConnModel, [
  'ref',
  'wid',
  'pushname',
  'platform',
  'battery',
  'plugged',
  'connected',
  'lc',
  'lg',
  'is24h',
])

/** `WAWebStreamModel.Stream`. */
class StreamModel extends Model<{ mode: string; available: boolean }> {
  markAvailable(): void {
    this.set({ available: true })
  }

  markUnavailable(): void {
    this.set({ available: false })
  }
}

declareProps(StreamModel, ['mode', 'available'])

export const Socket: SocketModel = new SocketModel({
  state: 'UNLAUNCHED',
  hasSynced: false,
  stream: 'DISCONNECTED',
})
export const Conn: ConnModel = new ConnModel({ platform: undefined, is24h: true, lc: 'US', lg: 'en' })
export const Stream: StreamModel = new StreamModel({ mode: 'QR', available: false })

/** `WAWebCmd.Cmd`: the bus of commands; its methods are put on it by {@link defineCommand}. */
class CommandBus extends Emitter {
  [name: string]: unknown
}

export const cmd: CommandBus = new CommandBus()

/** Put a method on `Cmd`. */
export function defineCommand(name: string, run: (...args: never[]) => unknown): void {
  if (name in cmd) refuse(`command ${name} is defined twice`)
  Object.assign(cmd, { [name]: run })
}
