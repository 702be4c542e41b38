/** `window.require`: the modules of this double, and a recorded exception for all others. */
import { faultValue, fieldOf } from './faults.ts'
import { notBuiltModules } from './modules/not-built.ts'
import { page } from './page.ts'

const modules = new Map<string, unknown>()

/** Names that clients and the language itself probe for; requesting them is not recorded. */
const probed = new Set(['then', 'toJSON', '__esModule', 'default', 'constructor', 'prototype', '$$typeof'])

/** Reports to the service (and the console) that something missing was requested. */
export function refuse(text: string): void {
  console.error(`simulator: ${text}`)
  void page.connection?.ask('refusal', { text }).catch(() => {})
}

/**
 * Defines a module. A plain object is watched: a missing property is `undefined`, as on the real site, but
 * its use is recorded. Classes, functions and collections are returned unchanged.
 */
export function defineModule(name: string, exported: object): void {
  const isPlain = Object.getPrototypeOf(exported) === Object.prototype
  modules.set(name, isPlain ? watched(name, exported) : exported)
}

function watched(name: string, exported: object): object {
  return new Proxy(exported, {
    get(target, key, receiver) {
      if (typeof key === 'string' && !(key in target) && !probed.has(key)) {
        refuse(`${name} has no ${key}`)
      }
      return Reflect.get(target, key, receiver)
    },
  })
}

/** Fault `module_missing`: removed, as an update of WhatsApp Web may do (F30). */
function isTakenAway(name: unknown): boolean {
  const wanted =
    fieldOf('module_missing', 'names') ?? fieldOf('module_missing', 'name') ?? faultValue('module_missing')
  return Array.isArray(wanted) ? wanted.includes(name) : wanted === name
}

/** The function that pages call: returns the module, or throws an exception that names it. */
export function requireModule(name: unknown): unknown {
  const found = typeof name === 'string' && !isTakenAway(name) ? modules.get(name) : undefined
  if (found !== undefined) return found
  const isNotBuilt = typeof name === 'string' && notBuiltModules.has(name) && !isTakenAway(name)
  const text = isNotBuilt
    ? `module ${name} is not built in this double`
    : `WhatsApp Web has no module ${String(name)}`
  refuse(text)
  throw new Error(`simulator: ${text}`)
}
