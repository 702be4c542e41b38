/** The faults that this page simulates; the table is `simulator/service/faults.ts`. */
import { boot } from './page.ts'

const faults: Map<string, unknown> = new Map(Object.entries(boot.faults))

/** What waits until a fault is off, by its name. */
const waiting = new Map<string, (() => void)[]>()

/** The service switched a fault on or off. */
export function setFault(name: string, value: unknown): void {
  if (value === false) faults.delete(name)
  else faults.set(name, value)
  if (value !== false) return
  const due = waiting.get(name) ?? []
  waiting.delete(name)
  for (const run of due) run()
}

/** Runs this now, or once the fault is off. */
export function unless(name: string, run: () => void): void {
  if (!isOn(name)) run()
  else waiting.set(name, [...(waiting.get(name) ?? []), run])
}

export function isOn(name: string): boolean {
  return faults.has(name)
}

/** The fault's value; undefined while it is off. */
export function faultValue(name: string): unknown {
  return faults.get(name)
}

/** A field of the fault's value. */
export function fieldOf(name: string, field: string): unknown {
  const value = faults.get(name)
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined
}

/** A number in the fault's value, or `otherwise`. */
export function numberOf(name: string, field: string, otherwise: number): number {
  const value = fieldOf(name, field)
  return typeof value === 'number' ? value : otherwise
}

/** Fault `odd_fields`: the fields that replace those of models of this kind. */
export function oddFields(kind: 'messages' | 'chats' | 'contacts'): object {
  const fields = fieldOf('odd_fields', kind)
  return typeof fields === 'object' && fields !== null ? fields : {}
}
