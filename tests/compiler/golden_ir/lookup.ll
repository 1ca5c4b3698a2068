; kernel 0: kernel_198078ce61ea2fd0b8dcca9c
; ModuleID = "kernel_198078ce61ea2fd0b8dcca9c"
target datalayout = ""

define void @"kernel_198078ce61ea2fd0b8dcca9c"(ptr %".1", i64 %".2", i64 %".3") #0
{
entry:
  %".5" = getelementptr i64, ptr %".1", i64 0
  %"b0" = load ptr, ptr %".5"
  %".6" = getelementptr i64, ptr %".1", i64 1
  %"b1" = load ptr, ptr %".6"
  %".7" = getelementptr i64, ptr %".1", i64 2
  %"b2" = load ptr, ptr %".7"
  %".8" = icmp slt i64 0, 5
  br i1 %".8", label %"loop", label %"done"
loop:
  %".10" = phi  i64 [0, %"entry"], [%".59", %"loop"]
  %".11" = mul i64 0, 1
  %".12" = add i64 0, %".11"
  %".13" = insertelement <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>, i64 %".12", i32 0
  %".14" = shufflevector <8 x i64> %".13", <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".15" = add <8 x i64> %".14", <i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>
  %".16" = getelementptr inbounds i64, ptr %"b0", i64 %".10"
  %".17" = load i64, ptr %".16", align 8
  %".18" = icmp slt i64 %".17", 0
  %".19" = add i64 %".17", 11
  %".20" = select  i1 %".18", i64 %".19", i64 %".17"
  %".21" = icmp sgt i64 %".20", 0
  %".22" = select  i1 %".21", i64 %".20", i64 0
  %".23" = icmp slt i64 %".22", 10
  %".24" = select  i1 %".23", i64 %".22", i64 10
  %".25" = insertelement <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>, i64 %".24", i32 0
  %".26" = shufflevector <8 x i64> %".25", <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".27" = mul <8 x i64> %".26", <i64 12, i64 12, i64 12, i64 12, i64 12, i64 12, i64 12, i64 12>
  %".28" = add <8 x i64> %".15", %".27"
  %".29" = ptrtoint ptr %"b1" to i64
  %".30" = insertelement <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>, i64 %".29", i32 0
  %".31" = shufflevector <8 x i64> %".30", <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".32" = mul <8 x i64> %".28", <i64 4, i64 4, i64 4, i64 4, i64 4, i64 4, i64 4, i64 4>
  %".33" = add <8 x i64> %".31", %".32"
  %".34" = inttoptr <8 x i64> %".33" to <8 x ptr>
  %".35" = call <8 x float> @"llvm.masked.gather.v8f32.v8p0"(<8 x ptr> %".34", <8 x i1> <i1 1, i1 1, i1 1, i1 1, i1 1, i1 1, i1 1, i1 1>, <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>)
  %".36" = mul nsw i64 %".10", 12
  %".37" = getelementptr inbounds float, ptr %"b2", i64 %".36"
  store <8 x float> %".35", ptr %".37", align 4
  %".39" = mul i64 0, 1
  %".40" = add i64 8, %".39"
  %".41" = insertelement <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>, i64 %".40", i32 0
  %".42" = shufflevector <8 x i64> %".41", <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".43" = add <8 x i64> %".42", <i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>
  %".44" = insertelement <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>, i64 %".24", i32 0
  %".45" = shufflevector <8 x i64> %".44", <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".46" = mul <8 x i64> %".45", <i64 12, i64 12, i64 12, i64 12, i64 12, i64 12, i64 12, i64 12>
  %".47" = add <8 x i64> %".43", %".46"
  %".48" = ptrtoint ptr %"b1" to i64
  %".49" = insertelement <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>, i64 %".48", i32 0
  %".50" = shufflevector <8 x i64> %".49", <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".51" = mul <8 x i64> %".47", <i64 4, i64 4, i64 4, i64 4, i64 4, i64 4, i64 4, i64 4>
  %".52" = add <8 x i64> %".50", %".51"
  %".53" = inttoptr <8 x i64> %".52" to <8 x ptr>
  %".54" = call <8 x float> @"llvm.masked.gather.v8f32.v8p0"(<8 x ptr> %".53", <8 x i1> <i1 1, i1 1, i1 1, i1 1, i1 0, i1 0, i1 0, i1 0>, <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>)
  %".55" = mul nsw i64 %".10", 12
  %".56" = getelementptr inbounds float, ptr %"b2", i64 %".55"
  %".57" = getelementptr inbounds float, ptr %".56", i64 8
  call void @"llvm.masked.store.v8f32.p0"(<8 x float> %".54", ptr %".57", <8 x i1> <i1 1, i1 1, i1 1, i1 1, i1 0, i1 0, i1 0, i1 0>)
  %".59" = add nuw nsw i64 %".10", 1
  %".60" = icmp slt i64 %".59", 5
  br i1 %".60", label %"loop", label %"done"
done:
  ret void
}

declare <8 x float> @"llvm.masked.gather.v8f32.v8p0"(<8 x ptr> %".1", <8 x i1> %".2", <8 x float> %".3")

declare void @"llvm.masked.store.v8f32.p0"(<8 x float> %".1", ptr %".2", <8 x i1> %".3")
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" }


; kernel 1: kernel_65c954cd09103dda7e2c11a4
; ModuleID = "kernel_65c954cd09103dda7e2c11a4"
target datalayout = ""

define void @"kernel_65c954cd09103dda7e2c11a4"(ptr %".1", i64 %".2", i64 %".3") #0
{
entry:
  %".5" = getelementptr i64, ptr %".1", i64 0
  %"b0" = load ptr, ptr %".5"
  %".6" = getelementptr i64, ptr %".1", i64 1
  %"b1" = load ptr, ptr %".6"
  %".7" = call <8 x i64> @"llvm.masked.load.v8i64.p0"(ptr %"b0", <8 x i1> <i1 1, i1 1, i1 1, i1 1, i1 1, i1 0, i1 0, i1 0>, <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>)
  %".8" = icmp sge <8 x i64> %".7", <i64 -11, i64 -11, i64 -11, i64 -11, i64 -11, i64 -11, i64 -11, i64 -11>
  %".9" = zext <8 x i1> %".8" to <8 x i8>
  call void @"llvm.masked.store.v8i8.p0"(<8 x i8> %".9", ptr %"b1", <8 x i1> <i1 1, i1 1, i1 1, i1 1, i1 1, i1 0, i1 0, i1 0>)
  ret void
}

declare <8 x i64> @"llvm.masked.load.v8i64.p0"(ptr %".1", <8 x i1> %".2", <8 x i64> %".3")

declare void @"llvm.masked.store.v8i8.p0"(<8 x i8> %".1", ptr %".2", <8 x i1> %".3")
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" }


; kernel 2: kernel_175b08d1c8a4dac817e4864d
; ModuleID = "kernel_175b08d1c8a4dac817e4864d"
target datalayout = ""

define void @"kernel_175b08d1c8a4dac817e4864d"(ptr %".1", i64 %".2", i64 %".3") #0
{
entry:
  %".5" = getelementptr i64, ptr %".1", i64 0
  %"b0" = load ptr, ptr %".5"
  %".6" = getelementptr i64, ptr %".1", i64 1
  %"b1" = load ptr, ptr %".6"
  %".7" = call <8 x i64> @"llvm.masked.load.v8i64.p0"(ptr %"b0", <8 x i1> <i1 1, i1 1, i1 1, i1 1, i1 1, i1 0, i1 0, i1 0>, <8 x i64> <i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef, i64 undef>)
  %".8" = icmp sle <8 x i64> %".7", <i64 10, i64 10, i64 10, i64 10, i64 10, i64 10, i64 10, i64 10>
  %".9" = zext <8 x i1> %".8" to <8 x i8>
  call void @"llvm.masked.store.v8i8.p0"(<8 x i8> %".9", ptr %"b1", <8 x i1> <i1 1, i1 1, i1 1, i1 1, i1 1, i1 0, i1 0, i1 0>)
  ret void
}

declare <8 x i64> @"llvm.masked.load.v8i64.p0"(ptr %".1", <8 x i1> %".2", <8 x i64> %".3")

declare void @"llvm.masked.store.v8i8.p0"(<8 x i8> %".1", ptr %".2", <8 x i1> %".3")
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" }

