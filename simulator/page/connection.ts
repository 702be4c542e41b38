/** The page's connection to the service: requests that survive a lost connection, and pushes. */

import type { Operation, Push, Question, Requests, ServiceFrame } from '../wire.ts'
import { type Line, openSocket, openWorkerSocket } from './open-socket.ts'
import { boot } from './page.ts'

type Waiting = {
  question: Question
  resolve: (answer: never) => void
  reject: (error: Error) => void
}

/** Requests of one connection; the next connection sends its own. */
const ofOneConnection: ReadonlySet<Operation> = new Set([
  'hello',
  'sync',
  'resume',
  'late',
  'refs',
  'adv_secret',
])

export type Connection = {
  /**
   * Opens a new socket. Resolves when it is open, rejects if it cannot be opened. Waiting requests are not
   * sent yet.
   */
  open(): Promise<void>
  /**
   * Sends a request. Without a connection it waits, and {@link repeat} sends an unanswered one again: "during
   * network loss sends queue and lookups hang until it is back". Rejects if the service rejects it.
   */
  ask<K extends Operation>(op: K, args: Requests[K]['args']): Promise<Requests[K]['answer']>
  /** Sends all unanswered requests (again), after a new hello. */
  repeat(): void
  close(): void
  readonly isOpen: boolean
}

/** `onPush` receives the pushes in order; `onLost` is called when an open socket closes by itself. */
export function createConnection(onPush: (push: Push) => void, onLost: () => void): Connection {
  let socket: Line | null = null
  let count = 0
  let isReady = false
  const waiting = new Map<number, Waiting>()
  const isOpen = (): boolean => socket?.isOpen() === true

  const hear = (text: string): void => {
    const frame: ServiceFrame = JSON.parse(text)
    if (!('re' in frame)) {
      onPush(frame)
      return
    }
    const asked = waiting.get(frame.re)
    waiting.delete(frame.re)
    if (!asked) return
    if ('refused' in frame) asked.reject(new Error(frame.refused))
    else Reflect.apply(asked.resolve, undefined, [frame.answer])
  }

  return {
    open() {
      isReady = false
      const before = socket
      socket = null
      before?.close()
      return new Promise((resolve, reject) => {
        let wasOpen = false
        const open = boot.build.commsInWorker ? openWorkerSocket : openSocket
        const opening = open('wss://web.whatsapp.com/ws/chat', {
          onOpen() {
            wasOpen = true
            resolve()
          },
          onText(text) {
            // Data that still arrives on an abandoned connection is ignored.
            if (socket === opening) hear(text)
          },
          onClose() {
            if (socket === opening) socket = null
            else return
            isReady = false
            if (wasOpen) onLost()
            else reject(new Error('no connection'))
          },
        })
        socket = opening
      })
    },
    ask(op, args) {
      count += 1
      const question: Question = { n: count, op, args }
      return new Promise((resolve, reject) => {
        waiting.set(question.n, { question, resolve, reject })
        if (isOpen() && (isReady || op === 'hello')) socket?.send(JSON.stringify(question))
      })
    },
    repeat() {
      isReady = true
      for (const [n, { question }] of waiting) {
        if (ofOneConnection.has(question.op)) waiting.delete(n)
        else socket?.send(JSON.stringify(question))
      }
    },
    close() {
      const closing = socket
      socket = null
      isReady = false
      closing?.close()
    },
    get isOpen() {
      return isOpen()
    },
  }
}
