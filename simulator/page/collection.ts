/** Collections: models by id, in order; they fire `add`, `remove` and all events of their models. */
import { Emitter } from './emitter.ts'
import type { Model } from './model.ts'

/** A string id, an object whose `toString` is one (Wid, MsgKey), or a model. */
export type Id = string | { toString(): string }

/** Base of every collection. */
export class Collection<M extends Model = Model> extends Emitter {
  /** Read by clients (`membershipApprovalRequests._models` in the library's Utils.js). */
  readonly _models: M[] = []
  readonly #index = new Map<string, M>()

  get length(): number {
    return this._models.length
  }

  /**
   * Undefined for an unknown id, and for `undefined` itself, which a stock client on a `$1` build requests.
   */
  get(id: Id | M | null | undefined): M | undefined {
    if (id === null || id === undefined) return undefined
    return this.#index.get(keyOf(id))
  }

  assertGet(id: Id): M {
    const model = this.get(id)
    if (!model) throw new Error(`Collection: no model ${String(id)}`)
    return model
  }

  /** Adds one model and fires `add`; returns an existing one unchanged. `at: 0` puts it first. */
  add(model: M, options: { at?: number; silent?: boolean } = {}): M {
    const known = this.#index.get(model.key())
    if (known) return known
    this.#index.set(model.key(), model)
    if (options.at === undefined) this._models.push(model)
    else this._models.splice(options.at, 0, model)
    model.collections.add(this)
    if (!options.silent) this.trigger('add', model, this, options)
    return model
  }

  /** Gives the model another id; the old one no longer finds it. */
  replaceId(model: M, id: Id): void {
    if (!this.#index.delete(model.key())) return
    this.#index.set(String(id), model)
  }

  /** Takes models out of memory. Fires `remove` for each, unless it is `silent` (WAWebCollection). */
  remove(given: M | M[], options: { silent?: boolean } = {}): void {
    for (const model of Array.isArray(given) ? given : [given]) {
      if (!this.#index.delete(model.key())) continue
      const position = this._models.lastIndexOf(model)
      if (position >= 0) this._models.splice(position, 1)
      if (!options.silent) this.trigger('remove', model, this, options)
      model.collections.delete(this)
    }
  }

  getModelsArray(): M[] {
    return [...this._models]
  }

  toArray(): M[] {
    return this.getModelsArray()
  }

  at(position: number): M | undefined {
    return this.getModelsArray().at(position)
  }

  head(): M | undefined {
    return this.at(0)
  }

  last(): M | undefined {
    return this.at(-1)
  }

  some(test: (model: M) => boolean): boolean {
    return this.getModelsArray().some(test)
  }

  every(test: (model: M) => boolean): boolean {
    return this.getModelsArray().every(test)
  }

  filter(test: (model: M) => boolean): M[] {
    return this.getModelsArray().filter(test)
  }

  findFirst(test: (model: M) => boolean): M | undefined {
    return this.getModelsArray().find(test)
  }

  map<T>(change: (model: M) => T): T[] {
    return this.getModelsArray().map(change)
  }

  forEach(visit: (model: M) => void): void {
    this.getModelsArray().forEach(visit)
  }

  includes(model: M): boolean {
    return this._models.includes(model)
  }

  serialize(): unknown[] {
    return this.map((model) => model.serialize())
  }

  toJSON(): unknown[] {
    return this.serialize()
  }
}

function keyOf(id: Id | Model): string {
  if (typeof id === 'string') return id
  return 'attributes' in id && 'key' in id && typeof id.key === 'function' ? id.key() : String(id)
}
