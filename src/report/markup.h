/* markup.h - text of any origin between the tags of XML and HTML */
#ifndef REPORT_MARKUP_H
#define REPORT_MARKUP_H

#include "base/buf.h"

/**
 * markup_add() - Append a text so that nothing in it is markup
 * @text:	Of any origin: it is cleaned first, and all that XML forbids is gone then (text_clean())
 * @also:	Further characters that mean something where the text is going to stand, each of which becomes a numeric
 *		reference: MARKUP_ATTRIBUTE in an attribute, "\n" where a line end would mean something, "" for none
 */
void markup_add(struct buf *out, const char *text, const char *also);

#define MARKUP_ATTRIBUTE "\"'\n\t" /* in quotes of either kind; line ends stay what they are */

#endif
