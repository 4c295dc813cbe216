#include "go_asm.h"
#include "textflag.h"

// EQUAL stores the mask of the bytes of Y6 and Y7 that equal those of one.
#define EQUAL(one, to) \
	VPCMPEQB one, Y6, Y8; \
	VPCMPEQB one, Y7, Y9; \
	VPMOVMSKB Y8, R8; \
	VPMOVMSKB Y9, R9; \
	SHLQ $32, R9; \
	ORQ R9, R8; \
	MOVQ R8, to(DI)

// ODD finds the bytes of text that are not odd. As signed numbers, bytes that are no ASCII are below a blank; a colon differs from
// a semicolon in the lowest bit.
#define ODD(text, to) \
	VPCMPEQB Y4, text, Y10; \
	VPCMPEQB Y12, text, Y11; \
	VPOR Y11, Y10, Y10; \
	VPCMPEQB Y13, text, Y11; \
	VPOR Y11, Y10, Y10; \
	VPOR Y15, text, Y11; \
	VPCMPEQB Y14, Y11, Y11; \
	VPOR Y11, Y10, Y10; \
	VPCMPGTB Y3, text, to; \
	VPANDN to, Y10, to

// FILL makes every byte of wide the one in AX.
#define FILL(narrow, wide) \
	MOVQ AX, narrow; \
	VPBROADCASTB narrow, wide

// func markVectors(into *marks, text *byte, n int, delim, separator byte)
TEXT ·markVectors(SB), NOSPLIT, $0-26
	MOVQ into+0(FP), DI
	MOVQ text+8(FP), SI
	MOVQ n+16(FP), CX
	MOVBQZX delim+24(FP), AX
	FILL(X0, Y0)
	MOVQ $'\n', AX
	FILL(X1, Y1)
	MOVQ $'"', AX
	FILL(X2, Y2)
	MOVQ $' ', AX
	FILL(X3, Y3)
	MOVQ $0x7f, AX
	FILL(X4, Y4)
	VPXOR Y5, Y5, Y5
	MOVBQZX separator+25(FP), AX
	FILL(X12, Y12)
	MOVQ $',', AX
	FILL(X13, Y13)
	MOVQ $';', AX
	FILL(X14, Y14)
	MOVQ $1, AX
	FILL(X15, Y15)

loop:
	VMOVDQU (SI), Y6
	VMOVDQU 32(SI), Y7
	EQUAL(Y0, marks_delim)
	EQUAL(Y1, marks_line)
	EQUAL(Y2, marks_quote)
	EQUAL(Y5, marks_null)

	ODD(Y6, Y8)
	ODD(Y7, Y9)
	VPMOVMSKB Y8, R8
	VPMOVMSKB Y9, R9
	SHLQ $32, R9
	ORQ R9, R8
	NOTQ R8
	MOVQ R8, marks_odd(DI)

	VPMOVMSKB Y6, R8
	VPMOVMSKB Y7, R9
	SHLQ $32, R9
	ORQ R9, R8
	MOVQ R8, marks_high(DI)

	ADDQ $64, SI
	ADDQ $marks__size, DI
	DECQ CX
	JNZ loop
	VZEROUPPER
	RET
