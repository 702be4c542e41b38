/**
 * An event emitter that behaves like WhatsApp Web's: several names in one string, context, order of
 * subscription.
 */

/** A listener; its arguments depend on the event. */
export type Listener = (...args: never[]) => unknown

type Entry = { listener: Listener; context: unknown; once: boolean }

/** `WAWebEventEmitter` as far as clients use it (wa-js: src/whatsapp/misc/EventEmitter.ts). */
export class Emitter {
  readonly #entries = new Map<string, Entry[]>()

  /** Subscribes to one name, or several separated by spaces. */
  on(names: string, listener: Listener, context?: unknown): this {
    return this.#add(names, listener, context, false)
  }

  once(names: string, listener: Listener, context?: unknown): this {
    return this.#add(names, listener, context, true)
  }

  off(names?: string, listener?: Listener, context?: unknown): this {
    for (const name of names === undefined ? [...this.#entries.keys()] : split(names)) {
      const kept = (this.#entries.get(name) ?? []).filter(
        (entry) =>
          (listener !== undefined && entry.listener !== listener) ||
          (context !== undefined && entry.context !== context),
      )
      this.#entries.set(name, kept)
    }
    return this
  }

  /** Calls the current listeners in order. One that throws does not stop the others. */
  trigger(names: string, ...args: unknown[]): this {
    for (const name of split(names)) {
      for (const entry of [...(this.#entries.get(name) ?? [])]) {
        if (entry.once) this.off(name, entry.listener, entry.context)
        try {
          Reflect.apply(entry.listener, entry.context ?? this, args)
        } catch (error) {
          reportError(error)
        }
      }
    }
    return this
  }

  isListening(name: string): boolean {
    return (this.#entries.get(name) ?? []).length > 0
  }

  listenTo(other: Emitter, names: string, listener: Listener): this {
    other.on(names, listener, this)
    return this
  }

  stopListening(other: Emitter, names?: string, listener?: Listener): this {
    other.off(names, listener, this)
    return this
  }

  bind(names: string, listener: Listener, context?: unknown): this {
    return this.on(names, listener, context)
  }

  unbind(names?: string, listener?: Listener, context?: unknown): this {
    return this.off(names, listener, context)
  }

  removeListener(names?: string, listener?: Listener, context?: unknown): this {
    return this.off(names, listener, context)
  }

  emit(names: string, ...args: unknown[]): this {
    return this.trigger(names, ...args)
  }

  #add(names: string, listener: Listener, context: unknown, once: boolean): this {
    if (typeof listener !== 'function') throw new TypeError('Callback parameter passed is not a function')
    for (const name of split(names)) {
      const entries = this.#entries.get(name) ?? []
      entries.push({ listener, context, once })
      this.#entries.set(name, entries)
    }
    this.onSubscribe(names)
    return this
  }

  /** Called after every subscription; for code that waits for a listener. */
  protected onSubscribe(_names: string): void {}
}

function split(names: string): string[] {
  return names.split(' ').filter(Boolean)
}
