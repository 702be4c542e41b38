/**
 * Modules of WhatsApp Web, in the page: what {@link installPageModules} adds. The rules of page-rows.ts hold.
 * Since August 2026 some modules load only when the page itself needs them (wa-js#3582, #3653, #3668).
 */
import type { Ability } from '../../../model/ability.ts'

type Bootloader = {
  loadModules(components: string[], done: () => void, ref: string): void
  __debug?: { componentMap?: Map<string, unknown> }
}
export type PageModuleTools = {
  find(name: string): object | undefined
  ensure(name: string): Promise<object | undefined>
  missing(needs: Record<string, readonly string[]>): Promise<Partial<Record<Ability, string[]>>>
}
declare const window: {
  require?(name: string): unknown
  /** See stand-ins.ts. */
  whatsappMcpRequire?(name: string): unknown
  Debug?: { VERSION?: string }
  whatsappMcpModules: PageModuleTools
}
declare function setTimeout(run: () => void, ms: number): unknown

/**
 * Call once per document.
 * @param components for the name of a module, the components that bring it, in order of preference
 */
export function installPageModules(components: Record<string, readonly string[]>): void {
  /** The time for one script; one measured took 25 ms (wa-js: loader/lazyModules.ts). */
  const LOAD_MS = 5_000
  const tools = {
    find(name: string): object | undefined {
      try {
        const found = (window.whatsappMcpRequire ?? window.require)?.(name)
        return typeof found === 'object' || typeof found === 'function' ? (found ?? undefined) : undefined
      } catch {
        return undefined
      }
    },

    /**
     * The module, loaded if it is not there yet: by a listed component, or one of its own name. Undefined if
     * this build does not have it, or if it throws even then.
     */
    async ensure(name: string): Promise<object | undefined> {
      const found = tools.find(name)
      if (found) return found
      const loader = tools.find('Bootloader') as Bootloader | undefined
      for (const component of [...(components[name] ?? []), name]) {
        if (!loader?.__debug?.componentMap?.has(component)) continue
        await new Promise<void>((resolve) => {
          setTimeout(resolve, LOAD_MS)
          loader.loadModules([component], resolve, 'whatsappMcp')
        })
        const loaded = tools.find(name)
        if (loaded) return loaded
      }
      return undefined
    },

    /** Undefined if there is no such export, or if WhatsApp Web throws where it is read. */
    read(from: unknown, name: string): unknown {
      try {
        return Reflect.get(Object(from), name)
      } catch {
        return undefined
      }
    },

    async has(path: string): Promise<boolean> {
      const [name = '', ...exports] = path.replace('()', '').split('.')
      let value: unknown = await tools.ensure(name)
      for (const part of exports) value = tools.read(value, part)
      return path.endsWith('()') ? typeof value === 'function' : value !== undefined
    },

    /** What is missing of these needs, by their keys. Calls nothing of WhatsApp Web but its loader. */
    async missing(needs: Record<string, readonly string[]>) {
      const gone: Record<string, string[]> = {}
      for (const [key, paths] of Object.entries(needs)) {
        for (const path of paths) {
          let isThere = false
          for (const one of path.split(' or ')) isThere ||= await tools.has(one)
          if (!isThere) gone[key] = [...(gone[key] ?? []), path]
        }
      }
      return gone
    },
  }
  window.whatsappMcpModules = tools satisfies PageModuleTools
}

/** See `missing` above; `build` is what the page says of itself. */
export async function pageCheck(needs: Record<string, readonly string[]>) {
  return {
    build: window.Debug?.VERSION ?? 'unknown',
    missing: await window.whatsappMcpModules.missing(needs),
  }
}
