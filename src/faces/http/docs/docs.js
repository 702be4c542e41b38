/** Starts Swagger UI with this server's description, and with a search in the full text of operations. */

/** The parts of Immutable.js that this page uses. The library stores its state in it. */
/**
 * @template V
 * @typedef {{ size: number, filter(keep: (value: V) => boolean): List<V> }} List
 */
/** @typedef {{ get(key: string): string | undefined }} Operation */
/** @typedef {{ get(key: 'operation'): Operation, get(key: 'path' | 'method'): string }} Entry */
/**
 * @typedef {object} Group one tag with its operations
 * @property {(key: 'operations') => List<Entry>} get
 * @property {(key: 'operations', change: (operations: List<Entry>) => List<Entry>) => Group} update
 */
/**
 * @typedef {object} Groups by tag
 * @property {(change: (group: Group, tag: string) => Group) => Groups} map
 * @property {(keep: (group: Group) => boolean) => Groups} filter
 */

/** @type {(options: Record<string, unknown>) => unknown} */
const start = Reflect.get(window, 'SwaggerUIBundle')

/** The library has a dark mode that this class switches on. The page follows the system, also when that changes. */
const dark = matchMedia('(prefers-color-scheme: dark)')
const followSystem = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', followSystem)
followSystem()

/**
 * Keeps operations that contain every word in tag, path, method, name, title or description. The library's own search
 * matches only the whole phrase in tags and paths.
 * @param {Groups} groups
 * @param {string} phrase
 */
function opsFilter(groups, phrase) {
  const words = phrase.toLowerCase().split(/\s+/).filter(Boolean)
  return groups
    .map((group, tag) =>
      group.update('operations', (operations) =>
        operations.filter((entry) => {
          const operation = entry.get('operation')
          const own = ['operationId', 'summary', 'description'].map((key) => operation.get(key))
          const text = [tag, entry.get('path'), entry.get('method'), ...own].join('\n').toLowerCase()
          return words.every((word) => text.includes(word))
        }),
      ),
    )
    .filter((group) => group.get('operations').size > 0)
}

/** Renames the search field: the library calls it a filter for tags. */
function nameSearch() {
  const field = document.querySelector('.operation-filter-input')
  if (!(field instanceof HTMLInputElement)) return
  field.type = 'search'
  field.placeholder = 'Search: send, pairing code …'
  field.setAttribute('aria-label', 'Search the operations')
}

start({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  filter: true,
  // What is sent to webhooks cannot be called from here, and the search does not see it.
  plugins: [{ fn: { opsFilter }, components: { Webhooks: () => null } }],
  // The default sends the address of this server to a public validator.
  validatorUrl: null,
  onComplete: nameSearch,
})
