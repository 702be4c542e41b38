/** What a compatibility piece is: one difference between WhatsApp Web and whatsapp-web.js 1.34.7, and its repair. */

export type Piece = {
  /** Snake case; in the log, and in the tests. */
  name: string
  /** The builds of WhatsApp Web that need it. */
  builds: string
  /** Where the difference was reported or measured. */
  source: string
  /** What does not work without it. */
  mends: string
  /**
   * When it runs in the page. `document`: before the library enters a document. `linked`: the library's
   * helpers are in the page of a linked account, and its listeners are not.
   */
  when: 'document' | 'linked'
  /**
   * Runs in the page, sent as text: it may use nothing from outside itself but `window`. Looks itself whether
   * this build needs it. Returns true if it changed something.
   */
  apply(): boolean
}
