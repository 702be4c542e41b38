/** The dialog "What's new on WhatsApp Web" of a fresh link (OpenWA#982). */
import { connection } from './page.ts'

/** Buttons of the real page are of either kind. */
const kinds = ['<button type="button">', '<div role="button" tabindex="0">']

/** Shows the dialog. Resolves when "Continue" is pressed, and the server is informed. */
export function showNews(): Promise<void> {
  const dialog = document.createElement('div')
  dialog.setAttribute('role', 'dialog')
  const open = kinds[Math.floor(Math.random() * kinds.length)] ?? ''
  dialog.innerHTML = `<h1>What's new on WhatsApp Web</h1><p>Chats, calls and updates have a new home.</p>
    ${open}<span><span> Continue </span></span>${open.startsWith('<b') ? '</button>' : '</div>'}`
  document.body.append(dialog)
  return new Promise((resolve) => {
    dialog.lastElementChild?.addEventListener('click', () => {
      dialog.remove()
      void connection()
        .ask('news_seen', {})
        .then(() => resolve())
    })
  })
}
