/** The product's version and the Node it needs, from package.json: one folder above the bundle and the source alike. */
import { readFileSync } from 'node:fs'

const { version, engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

export const VERSION = String(version)

/** The oldest Node that is supported, such as `20.19`. */
export const NODE_NEEDED = String(engines.node).replace('>=', '')

/** True if this version of Node, such as `22.3.1`, is supported. */
export function isNodeSupported(node: string): boolean {
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const [needMajor = 0, needMinor = 0] = NODE_NEEDED.split('.').map(Number)
  return major > needMajor || (major === needMajor && minor >= needMinor)
}

/** Returns one sentence and the next step for an unsupported Node, to print instead of a stack trace. */
export function oldNode(node: string): { says: string; next: string } {
  return {
    says: `Node ${NODE_NEEDED} or newer is needed, and this is ${node}.`,
    next: 'Install a newer version (https://nodejs.org), then start again.',
  }
}
