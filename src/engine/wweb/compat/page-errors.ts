/**
 * Errors of the page, with their own message. puppeteer passes on only the class name of a thrown object that
 * is no Error, which on the minified site is one letter (`t: t`, `r: r`: wwebjs#201908, #201862).
 */
import type { Page } from 'puppeteer'

/**
 * Makes every call of `page.evaluate` with a function reject with an Error whose message holds the name, the
 * message and the other own properties of what the page threw, at most 300 characters. Errors pass unchanged.
 */
export function explainPageErrors(page: Page): void {
  const evaluate = page.evaluate.bind(page)
  page.evaluate = ((run: Parameters<Page['evaluate']>[0], ...args: unknown[]) =>
    evaluate(typeof run === 'function' ? explained(run) : run, ...args)) as Page['evaluate']
}

/** What was made of each text: the same few are run again and again. */
const made = new Map<string, never>()

function explained(run: { toString(): string }): never {
  const text = run.toString()
  const known = made.get(text) ?? catching(text)
  made.set(text, known)
  return known
}

/** The function's text within one that catches. A method's text (`name() {}`) becomes a property first. */
function catching(text: string): never {
  const isMethod = /^(async\s+)?(?!async\b|function\b)[\w$]+\s*\(.*?\)\s*\{/s.test(text)
  const call = isMethod ? `Object.values({ ${text} })[0]` : `(${text})`
  const body = `
    try {
      return await ${call}(...args)
    } catch (error) {
      if (error instanceof Error && error.message) throw error
      throw (${describe})(error)
    }`
  return new AsyncFunction('...args', body) as never
}

const AsyncFunction = (async () => {}).constructor as new (...parts: string[]) => unknown

/** Runs in the page. */
function describe(thrown: unknown): Error {
  const LONGEST = 300
  if (typeof thrown !== 'object' || thrown === null) return new Error(String(thrown))
  const facts: Record<string, unknown> = {}
  for (const key of Object.getOwnPropertyNames(thrown)) {
    if (key !== 'stack') facts[key] = Reflect.get(thrown, key)
  }
  let text = ''
  try {
    text = JSON.stringify(facts)
  } catch {
    text = Object.keys(facts).join(', ')
  }
  return new Error(`${thrown.constructor?.name ?? 'object'} ${text}`.slice(0, LONGEST))
}
