/** `window.require`: the modules of this double, and a recorded exception for all others. */
import { faultValue, fieldOf } from './faults.ts'
import { notBuiltModules } from './modules/not-built.ts'
import { boot, page } from './page.ts'

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
      if (isExportTaken(`${name}.${String(key)}`)) return undefined
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

/** Fault `exports_missing`. */
function isExportTaken(path: string): boolean {
  const names = fieldOf('exports_missing', 'names')
  return Array.isArray(names) && names.includes(path)
}

/** Components whose scripts are loaded. */
const bootloaded = new Set<string>()

/**
 * `require('Bootloader')`: loads the scripts of components, then calls `done`. Calls nothing for an unknown
 * component, as the real one does not.
 */
export function defineBootloader(): void {
  const components = Object.values(boot.build.lazyModules)
  defineModule('Bootloader', {
    loadModules(names: string[], done: () => void, _ref: string) {
      if (names.some((name) => !components.includes(name))) return
      setTimeout(() => {
        for (const name of names) bootloaded.add(name)
        done()
      })
    },
    __debug: { componentMap: new Map(components.map((name) => [name, {}])), bootloaded },
  })
}

/** True for a module whose component was not bootloaded yet. */
function isUnloaded(name: string): boolean {
  const component = boot.build.lazyModules[name]
  return component !== undefined && !bootloaded.has(component)
}

/** The function that pages call: returns the module, or throws an exception that names it. */
export function requireModule(name: unknown): unknown {
  if (typeof name === 'string' && isUnloaded(name)) {
    throw new Error(`Requiring unknown module "${name}"`)
  }
  if (typeof name === 'string' && boot.build.brokenModules.includes(name)) {
    throw new Error(`Requiring module "${name}", which has missing dependencies`)
  }
  const found = typeof name === 'string' && !isTakenAway(name) ? modules.get(name) : undefined
  if (found !== undefined) return found
  const isNotBuilt = typeof name === 'string' && notBuiltModules.has(name) && !isTakenAway(name)
  const text = isNotBuilt
    ? `module ${name} is not built in this double`
    : `WhatsApp Web has no module ${String(name)}`
  refuse(text)
  throw new Error(`simulator: ${text}`)
}
