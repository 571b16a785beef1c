# alone.S - a firmware that is all there is: it computes, without interrupts or a clock, so that two machines end alike to the byte
#
# PASSES times over 4 MiB of memory, each word made of itself, of one far away and of what code says that is changed in each
# pass; says '.' after each on the serial port, '!' in the end, and halts.
	.set PASSES, 12
	.set MEMORY, 0x100000
	.set WORDS, 0x100000
	.set CODE, 0x8000 # the changing code's place

	.code16
start:	cli
	lgdtl %cs:(table - start)
	movl %cr0, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl $8, $flat

	.align 8
gdt:	.quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
table:	.word table - gdt - 1
	.long gdt

	.code32
flat:	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $0x7000, %esp
	fninit
	fld1
	cld
	movl $CODE, %edi
	movl $changing, %esi
	movl $changed - changing, %ecx
	rep movsb
	movl $1, %eax
	movl $PASSES, %ebp

pass:	movl %ebp, CODE + 1 # of `addl $0, %eax`
	movl $MEMORY, %edi
	movl $WORDS, %ecx
word:	movl $CODE, %edx
	testl $0xff, %ecx
	jnz 1f
	call *%edx
1:	imull $1664525, %eax
	addl (%edi), %eax
	movl %ecx, %ebx
	imull $40503, %ebx
	andl $WORDS - 1, %ebx
	xorl MEMORY(, %ebx, 4), %eax
	movl %eax, (%edi)
	addl $4, %edi
	loop word
	pushl %eax
	fildl (%esp)
	faddp
	fsqrt
	fstl 0x6000
	popl %eax
	movb $'.', %al
	call say
	decl %ebp
	jnz pass
	movb $'!', %al
	call say
end:	hlt
	jmp end

say:	pushl %eax
	movw $0x3f8, %dx
	outb %al, %dx
	popl %eax
	ret

changing:
	.byte 0x05 # addl $0, %eax, with four bytes for the number
	.long 0
	roll $7, %eax
	ret
changed:

	.org 0xfff0
	.code16
	jmp start
	.org 0x10000
