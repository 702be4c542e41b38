/** What the pages of the simulated phone share. */

/** @typedef {import('../../simulator.ts').WorldContact} WorldContact */

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 */
export function byId(id, kind) {
  const element = document.getElementById(id)
  if (element instanceof kind) return element
  throw new Error(`no #${id}`)
}

/**
 * Returns an element with text and children. Strings are added as text, never as HTML.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {...(Node | string)} children
 */
export function make(tag, className, ...children) {
  const element = document.createElement(tag)
  element.className = className
  element.append(...children)
  return element
}

/** @param {string} id @param {string} text */
export function setText(id, text) {
  byId(id, HTMLElement).textContent = text
}

/** @param {string} path */
export async function get(path) {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return await response.json()
}

/** @param {Pick<WorldContact, 'name' | 'pushname' | 'phone'>} contact */
export const nameOf = ({ name, pushname, phone }) => name ?? (pushname ? `~${pushname}` : `+${phone}`)
