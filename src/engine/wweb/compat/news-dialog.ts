/** The dialog "What's new on WhatsApp Web", which a fresh link must confirm. */
import type { Piece } from './piece.ts'

type Element = {
  textContent: string | null
  click(): void
  querySelectorAll(selector: string): Iterable<Element>
}
declare const document: { querySelectorAll(selector: string): Iterable<Element> }
declare function setInterval(run: () => void, ms: number): unknown
declare const window: {
  /** Ours, calls Node: the dialog was confirmed. */
  whatsappMcpNews?(): void
}

/**
 * Looks twice a second, because the dialog may appear at any time and a first click may be ignored. A dialog
 * is known by its button, in the language of the browser; any other dialog stays.
 */
export const newsDialog: Piece = {
  name: 'news_dialog',
  builds: 'since 2026-07-29',
  source: 'OpenWA#982, OpenWA PR #998, waha#2217',
  mends: 'Without "Continue" the session does not load, or WhatsApp removes the device after five minutes.',
  when: 'document',
  apply() {
    const LOOK_MS = 500
    const LABELS = [
      ...['continue', 'weiter', 'fortfahren', 'continuer', 'continuar', 'continua', 'doorgaan', 'fortsätt'],
      ...['fortsett', 'fortsæt', 'jatka', 'kontynuuj', 'pokračovat', 'folytatás', 'continuă', 'nastavi'],
      ...['συνέχεια', 'продолжить', 'продовжити', 'devam', 'devam et', 'lanjutkan', 'teruskan', 'tiếp tục'],
      ...['ดำเนินการต่อ', '続行', '続ける', '계속', '继续', '繼續', 'متابعة', 'المتابعة', 'המשך', 'जारी रखें'],
    ]
    const tools = {
      look() {
        for (const dialog of document.querySelectorAll('[role="dialog"], [data-animate-modal-popup]')) {
          for (const button of dialog.querySelectorAll('button, [role="button"]')) {
            if (!LABELS.includes((button.textContent ?? '').trim().toLowerCase())) continue
            button.click()
            window.whatsappMcpNews?.()
            return
          }
        }
      },
    }
    tools.look()
    setInterval(tools.look, LOOK_MS)
    return true
  },
}
