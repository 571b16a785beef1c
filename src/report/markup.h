/* markup.h - texts of any origin inside XML and HTML */
#ifndef REPORT_MARKUP_H
#define REPORT_MARKUP_H

#include "base/buf.h"

/**
 * markup_add() - Append a text so that it is no markup
 * @text:	Of any origin: it is cleaned (text_clean()), so that nothing is left that XML forbids
 * @also:	What is written as an entity besides '&', '<' and '>': any of "\"\n\t"
 */
void markup_add(struct buf *out, const char *text, const char *also);

#endif
