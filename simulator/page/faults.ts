/** The faults that this page simulates; the table is `simulator/service/faults.ts`. */
import { boot } from './page.ts'

const faults: Map<string, unknown> = new Map(Object.entries(boot.faults))

/** The service switched a fault on or off. */
export function setFault(name: string, value: unknown): void {
  if (value === false) faults.delete(name)
  else faults.set(name, value)
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
