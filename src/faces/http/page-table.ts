/**
 * The table of pages: path, files, policy, who may open each, and who may link to it. Routes, headers, the guard and
 * test/ways-in.test.ts follow from it.
 */
import { createHash } from 'node:crypto'
import type { Scope } from '../../operations/call.ts'
import { QR_STYLE } from './qr-style.ts'

export type Page<S extends Scope | null = Scope | null> = {
  /** Name of its admission. */
  name: string
  path: `/${string}`
  /** The scope that a caller needs; null: the page says nothing about an account. */
  scope: S
  /** True if each account has its own, at `/accounts/{account}` and the path. */
  ofAccount: boolean
  /** True if a person may open it by a link from another site. It must change nothing. */
  navigable: boolean
  /** What it loads, as directives of its Content-Security-Policy. Everything else is blocked. */
  csp: string[]
  /** True if it has forms. They post to this server. */
  forms: boolean
  /** The files under its path, with their media types. */
  files: Record<string, string>
}

/** Defines a page. */
function definePage<S extends Scope | null>(page: Page<S>): Page<S> {
  return page
}

const STYLE = `style-src 'sha256-${createHash('sha256').update(QR_STYLE).digest('base64')}'`

/** It requires `admin`, because the code links an account. */
const linking = {
  name: 'qr_page',
  scope: 'admin',
  ofAccount: true,
  csp: ['img-src data:', STYLE],
  forms: true,
  files: {},
} satisfies Partial<Page>

export const QR_PAGE = definePage({ ...linking, path: '/qr', navigable: true })

export const NUMBER_PAGE = definePage({ ...linking, path: '/qr/code', navigable: false })

/** Takes a key, and says nothing about an account. */
export const LOGIN_PAGE = definePage({
  name: 'login_page',
  path: '/login',
  scope: null,
  ofAccount: false,
  navigable: true,
  csp: [STYLE],
  forms: true,
  files: {},
})

export const DOCS_PAGE = definePage({
  name: 'docs_page',
  path: '/docs',
  scope: null,
  ofAccount: false,
  navigable: true,
  csp: [
    "script-src 'self'",
    "style-src 'self'",
    // Try-it-out requests go to this server only.
    "connect-src 'self'",
    // The icons of the library are in its style sheet.
    'img-src data:',
  ],
  forms: false,
  // The build copies this project's and the library's into one folder.
  files: {
    'docs.css': 'text/css; charset=utf-8',
    'docs.js': 'text/javascript; charset=utf-8',
    'swagger-ui.css': 'text/css; charset=utf-8',
    'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  },
})

export const PAGES: readonly Page[] = [QR_PAGE, NUMBER_PAGE, LOGIN_PAGE, DOCS_PAGE]

/** Returns the paths of a page, as the router takes them. */
export function pathsOf({ path, ofAccount }: Page): string[] {
  return ofAccount ? [path, `/accounts/:account${path}`] : [path]
}

/** Returns the headers of a page and of its files. What tells of an account must not be cached, framed or leaked by referrers. */
export function headersOf({ csp, forms, scope }: Page): Record<string, string> {
  const policy = [
    "default-src 'none'",
    ...csp,
    "base-uri 'none'",
    `form-action ${forms ? "'self'" : "'none'"}`,
    "frame-ancestors 'none'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'x-frame-options': 'DENY',
    ...(scope === null ? {} : { 'cache-control': 'no-store' }),
  }
}
