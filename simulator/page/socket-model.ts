/** `Socket`, `Conn`, `Stream` and `Cmd`: the page's state as models, and the command bus. */
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

/** True if this text is a state of the socket. */
export function isSocketState(text: unknown): text is SocketState {
  return socketStates.some((state) => state === text)
}

type SocketProps = { state: SocketState; hasSynced: boolean; stream: string }

/** The functions behind the model's methods; set by boot.ts. */
export type SocketActions = {
  logout(): Promise<void>
  takeover(): Promise<void>
  reconnect(): void
}

/** `WAWebSocketModel.Socket`. */
export class SocketModel extends Model<SocketProps> {
  actions: SocketActions | null = null
  #onSynced: (() => void) | null = null

  /** Resolves once a client listens for `change:hasSynced`. */
  untilSomebodyListens(): Promise<void> {
    if (this.isListening('change:hasSynced')) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onSynced = resolve
    })
  }

  protected override onSubscribe(names: string): void {
    if (names.split(' ').includes('change:hasSynced')) this.#onSynced?.()
  }

  /**
   * Unlinks this device. Resolves when the server is informed and the profile's keys are removed; then the
   * page leaves.
   */
  logout(): Promise<void> {
    return this.#actions().logout()
  }

  /** Takes the session back after CONFLICT. */
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

declareProps(SocketModel, 'state hasSynced stream')

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
  /** Not on business accounts: their name is the one of the business. */
  canSetMyPushname(): boolean {
    return !['smba', 'smbi'].includes(this.get('platform') ?? '')
  }
}

declareProps(ConnModel, 'ref wid pushname platform battery plugged connected lc lg is24h')

/** `WAWebStreamModel.Stream`. `available`: the device counts as online. */
class StreamModel extends Model<{ mode: string; available: boolean }> {
  markAvailable(): void {
    this.set({ available: true })
  }

  markUnavailable(): void {
    this.set({ available: false })
  }
}

declareProps(StreamModel, 'mode available')

export const Socket: SocketModel = new SocketModel({
  state: 'UNLAUNCHED',
  hasSynced: false,
  stream: 'DISCONNECTED',
})
export const Conn: ConnModel = new ConnModel({ platform: undefined, is24h: true, lc: 'US', lg: 'en' })
export const Stream: StreamModel = new StreamModel({ mode: 'QR', available: false })

/** `WAWebCmd.Cmd`: the command bus; {@link defineCommand} adds its methods. */
class CommandBus extends Emitter {
  [name: string]: unknown
}

export const cmd: CommandBus = new CommandBus()

/** Adds a method to `Cmd`. */
export function defineCommand(name: string, run: (...args: never[]) => unknown): void {
  if (name in cmd) refuse(`command ${name} is defined twice`)
  Object.assign(cmd, { [name]: run })
}
