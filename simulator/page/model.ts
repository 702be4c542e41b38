/** Models: attributes that fire `change:<name>` and `change`, and repeat every event on their collections. */
import type { Collection } from './collection.ts'
import { Emitter } from './emitter.ts'

/**
 * Base of every model. Clients read and write attributes as plain properties (see {@link declareProps}); code
 * of the double uses `get` and `set`, which are typed.
 */
export class Model<P extends object = object> extends Emitter {
  readonly attributes: Partial<P>
  readonly collections: Set<Collection<Model>> = new Set()
  readonly isState = true

  constructor(attributes: Partial<P>) {
    super()
    this.attributes = { ...attributes }
  }

  /** The id as a key of a collection's index. */
  key(): string {
    return 'id' in this.attributes ? String(this.attributes.id) : ''
  }

  get<K extends keyof P>(name: K): Partial<P>[K] {
    return this.attributes[name]
  }

  /**
   * Sets attributes. Fires `change:<name>` (model, value, previous) for each that differs, then `change`
   * (model) once. All values are set before the first event, as in Backbone-like models.
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

  /** Its own listeners first, then those of the collections that hold this model. */
  override trigger(names: string, ...args: unknown[]): this {
    super.trigger(names, ...args)
    for (const collection of this.collections) collection.trigger(names, ...args)
    return this
  }

  /** A plain copy of the attributes; ids stay objects. */
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

/**
 * Makes attributes readable and writable as properties of every model of this class, as in WhatsApp Web.
 * @param names separated by white space
 */
export function declareProps(modelClass: { prototype: Model }, names: string): void {
  for (const name of names.split(/\s+/)) {
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
