/** Models: attributes that fire `change:<name>` and `change`, and pass every event on to their collections. */
import type { Collection } from './collection.ts'
import { Emitter } from './emitter.ts'

/**
 * Base of every model. Attributes are read and written by clients as plain properties (see {@link declareProps});
 * code of the double uses `get` and `set`, which know the types.
 */
export class Model<P extends object = object> extends Emitter {
  readonly attributes: Partial<P>
  readonly collections: Set<Collection<Model>> = new Set()
  readonly isState = true

  constructor(attributes: Partial<P>) {
    super()
    this.attributes = { ...attributes }
  }

  /** The id as the index of a collection knows it. */
  key(): string {
    return 'id' in this.attributes ? String(this.attributes.id) : ''
  }

  get<K extends keyof P>(name: K): Partial<P>[K] {
    return this.attributes[name]
  }

  /**
   * Set attributes. For each that differs: `change:<name>` (model, value, previous); then once `change` (model).
   * All values are in place before the first event, as in Backbone-like models.
   */
  set(changes: Partial<P>): this {
    const fired: [name: string, value: unknown, previous: unknown][] = []
    for (const name in changes) {
      const previous = this.attributes[name]
      const value = changes[name]
      if (Object.is(previous, value)) continue
      Object.assign(this.attributes, { [name]: value })
      fired.push([name, value, previous])
    }
    for (const [name, value, previous] of fired) this.trigger(`change:${name}`, this, value, previous)
    if (fired.length > 0) this.trigger('change', this)
    return this
  }

  /** Own listeners first, then those of the collections that hold this model. */
  override trigger(names: string, ...args: unknown[]): this {
    super.trigger(names, ...args)
    for (const collection of this.collections) collection.trigger(names, ...args)
    return this
  }

  /** Plain copy of the attributes; ids stay objects. */
  serialize(): Record<string, unknown> {
    const copy: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(this.attributes)) {
      if (value === undefined) continue
      copy[name] = value instanceof Model ? value.serialize() : value
    }
    return copy
  }

  toJSON(): Record<string, unknown> {
    return this.serialize()
  }
}

/** Make attributes readable and writable as properties of every model of this class, as WhatsApp Web's are. */
export function declareProps(modelClass: { prototype: Model }, names: readonly string[]): void {
  for (const name of names) {
    Object.defineProperty(modelClass.prototype, name, {
      configurable: true,
      enumerable: true,
      get(this: Model) {
        return Reflect.get(this.attributes, name)
      },
      set(this: Model, value: unknown) {
        this.set({ [name]: value })
      },
    })
  }
}
