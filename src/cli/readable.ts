/** JSON as lines for people: `name: value`, lists as blocks. Foreign text cannot control the terminal. */
import { printable } from './terminal.ts'

/** Returns the value as lines, each ended. Fields that are null are left out. */
export function readable(value: unknown, indent = ''): string {
  if (Array.isArray(value)) {
    const items = value.map((one) => item(one, indent))
    const isFlat = value.every((one) => !isGroup(one))
    return items.join(isFlat ? '' : '\n')
  }
  if (!isGroup(value)) return `${indent}${word(value)}\n`
  const fields = Object.entries(Object(value)).filter(([, one]) => one !== null && one !== undefined)
  return fields.map(([name, one]) => field(name, one, indent)).join('')
}

function field(name: string, value: unknown, indent: string): string {
  const label = `${indent}${printable(name)}:`
  if (!isGroup(value)) return `${label} ${word(value)}\n`
  if (Array.isArray(value) && value.length === 0) return `${label} none\n`
  if (Array.isArray(value) && !value.some(isGroup)) return `${label} ${value.map(word).join(', ')}\n`
  return `${label}\n${readable(value, `${indent}  `)}`
}

function item(value: unknown, indent: string): string {
  return isGroup(value)
    ? `${indent}- ${readable(value, `${indent}  `).trimStart()}`
    : `${indent}- ${word(value)}\n`
}

function isGroup(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function word(value: unknown): string {
  return printable(String(value))
}
